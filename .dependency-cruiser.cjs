// The import rule of this project, as a check. Arrows point down only:
//
//   workflows -> workflows/steps -> src/domain          (and types, never values, of activities)
//   activities -> src/domain, src/storage, src/providers
//   src/gateway, src/web -> src/domain, src/storage, src/providers, and the plugin's Temporal client
//   src/plugin composes workflows, activities, storage and providers; src/cli and src/dev compose everything
//
// A new arrow is a decision: write it here, with its reason.

const packages = (...names) => `(^|/)node_modules/(${names.join('|')})(/|$)`;
const temporal = (...names) => packages(`@temporalio/(${names.join('|')})`);
const PHONE_NUMBERS = '^src/domain/(human-)?destinations';
const CORE_PACKAGES = packages('@temporalio/[^/]+', 'pg', '@types/pg', 'zod');

/** Everything matched by `path` may import only what `allowed` names. */
const only = (name, comment, path, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: typeof path === 'string' ? { path } : path,
  to: { pathNot: allowed },
});

const never = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    never(
      'no-cycle',
      'Two files that need each other are one concept, or a third one is missing.',
      {},
      { circular: true },
    ),
    never('no-unresolvable', 'The import does not exist.', {}, { couldNotResolve: true }),
    never(
      'no-orphan',
      'Nothing imports this file and it imports nothing: it is dead, or it was never connected.',
      { orphan: true, pathNot: ['\\.mjs$', '\\.d\\.m?ts$', '^test/'] },
      {},
    ),
    never(
      'no-undeclared-package',
      'A package that package.json does not name may vanish with the next update of another one.',
      {},
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
    never(
      'no-test-package-in-product',
      'Published code cannot reach packages that only developers install.',
      { path: '^(src|workflows|activities)/', pathNot: '^src/dev/(build|prepare)' },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    ),
    never(
      'no-test-in-product',
      'Product code must not know the tests.',
      { path: '^(src|workflows|activities)/' },
      { path: '^test/' },
    ),

    only(
      'workflows-are-deterministic',
      'Workflow code runs in a sandbox and is replayed: steps, rules, the workflow API, and types of activities.',
      '^workflows/',
      ['^workflows/', '^activities/', '^src/domain/', temporal('workflow', 'common')],
    ),
    never(
      'workflows-know-activities-by-type',
      'A value imported from an activity drags the database into the bundle.',
      { path: '^workflows/' },
      { path: '^activities/', dependencyTypesNot: ['type-only'] },
    ),
    never(
      'steps-know-no-workflow',
      'Steps are what workflows are made of, not the other way round.',
      { path: '^workflows/steps/' },
      { path: '^workflows/(?!steps/)' },
    ),
    only('activities-are-thin', 'An activity parses, calls a rule, calls storage or a provider.', '^activities/', [
      '^activities/',
      '^src/(domain|storage|providers)/',
      temporal('activity', 'common'),
      packages('zod'),
      '^(node:)?(crypto|perf_hooks|timers/promises)$',
    ]),
    only(
      'domain-is-pure',
      'Rules do no I/O; of the platform they know hashing alone.',
      { path: '^src/domain/', pathNot: PHONE_NUMBERS },
      ['^src/domain/', packages('zod'), '^(node:)?crypto$'],
    ),
    only(
      'phone-numbers-in-one-place',
      'Only the destinations normalise, so only they need the phone library.',
      PHONE_NUMBERS,
      ['^src/domain/', packages('zod', 'libphonenumber-js'), '^(node:)?(crypto|url|punycode)$'],
    ),
    never(
      'storage-knows-rules-only',
      'The only place with SQL serves the others and knows none of them.',
      { path: '^src/storage/' },
      { path: '^(src|workflows|activities|test)/', pathNot: '^src/(storage|domain)/' },
    ),
    never(
      'providers-know-rules-only',
      'How a message leaves has nothing to do with who may send it.',
      { path: '^src/providers/' },
      { path: '^(src|workflows|activities|test)/', pathNot: '^src/(providers|domain)/' },
    ),
    never(
      'gateway-is-a-door',
      'HTTP in: rules, storage, providers, and workflows only through the Temporal client.',
      { path: '^src/(gateway|web)/' },
      {
        path: '^(src|workflows|activities|test)/',
        pathNot: '^src/((gateway|web|domain|storage|providers|plugin)/|(config|metrics)[.]ts$)',
      },
    ),
    never(
      'plugin-composes-the-core',
      'The plugin runs in the workers of others: no HTTP server, no command line, no embedded stack.',
      { path: '^src/plugin/' },
      { path: '^src/(gateway|web|cli|dev)/' },
    ),
    never(
      'core-has-few-packages',
      'What everyone has to install stays small: Temporal, pg, zod.',
      { path: '^src/(domain|storage|plugin)/', pathNot: PHONE_NUMBERS },
      { path: '(^|/)node_modules/', pathNot: [CORE_PACKAGES, packages('@types/node', 'undici-types')] },
    ),
    never(
      'nobody-imports-the-command-line',
      'The command line and the embedded stack are the outermost layer.',
      { path: '^(src|workflows|activities)/', pathNot: '^src/(cli|dev|testing)' },
      { path: '^src/(cli|dev)/' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'types', 'default'],
    },
  },
};
