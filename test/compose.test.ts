// docker-compose.yml without an engine: its structure, and that our commands start with exactly the environment it gives.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../src/dev/ports.js';
import { SEARCH_ATTRIBUTES } from '../src/dev/temporal.js';
import { createTestDatabase, getTemporal, type TestDatabase } from './support/servers.js';

interface Service {
  readonly image?: string;
  readonly build?: { readonly dockerfile_inline?: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly configs?: readonly { readonly source: string }[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const text = await readFile(new URL('../docker-compose.yml', import.meta.url), 'utf8');
const compose = parse(text, { merge: true }) as Compose;
const services = Object.entries(compose.services);
const head = text.slice(0, text.indexOf('\nname:'));

const CONDITIONS = ['service_started', 'service_healthy', 'service_completed_successfully'];
/** A name, a version of two parts or more, perhaps a variant. */
const PINNED = /^[a-z0-9/-]+:\d+\.\d+[\w.-]*$/;
/** `${NAME}`, `${NAME:-default}`, `${NAME:?message}`; `$$` is a dollar for the shell. */
const VARIABLE = /(?<!\$)\$\{(\w+)(?::?([-?])([^}]*))?\}/g;

describe('the structure of docker-compose.yml', () => {
  it.each(services)('%s has a pinned image, and all that it refers to exists', (_name, service) => {
    expect(service.image).toMatch(PINNED);
    for (const [, base] of (service.build?.dockerfile_inline ?? '').matchAll(/^FROM (\S+)/gm)) {
      expect(base).toMatch(PINNED);
    }
    for (const [target, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(CONDITIONS).toContain(condition);
      expect(Object.keys(compose.services)).toContain(target);
      if (condition === 'service_healthy') expect(compose.services[target]?.healthcheck, target).toBeDefined();
    }
    for (const { source } of service.configs ?? []) expect(Object.keys(compose.configs)).toContain(source);
    for (const volume of service.volumes ?? []) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('waits in no circle', () => {
    const started = new Set<string>();
    for (const _round of services) {
      for (const [name, { depends_on = {} }] of services) {
        if (Object.keys(depends_on).every((target) => started.has(target))) started.add(name);
      }
    }
    expect([...started].sort()).toEqual(services.map(([name]) => name).sort());
  });

  it('documents every variable at its head, and has a default for no secret', () => {
    for (const [whole, name, operator] of text.slice(head.length).matchAll(VARIABLE)) {
      expect(head).toContain(`#   ${name} `);
      if (/PASSWORD|KEY|SECRET/.test(whole)) expect(operator, name).toBe('?');
      expect(operator, `${name} is required or has a default`).toBeDefined();
    }
  });

  it('runs Temporal on Postgres with 512 shards and the search attributes of the product', () => {
    expect(compose.services['temporal']?.environment).toMatchObject({ DB: 'postgres12', NUM_HISTORY_SHARDS: '512' });
    const script = compose.configs['temporal-namespace']?.content ?? '';
    for (const name of SEARCH_ATTRIBUTES) expect(script).toContain(name);
  });

  it('lets the Temporal Web it runs have payloads decoded, and publishes no port of the sandbox', () => {
    const { environment: web, ports: [port] = [] } = compose.services['ui'] ?? {};
    expect(web?.['TEMPORAL_CODEC_ENDPOINT']).toBe('http://127.0.0.1:${GATEWAY_PORT:-8080}/codec');
    expect(port).toBe('127.0.0.1:${TEMPORAL_UI_PORT:-8233}:8080');
    expect(web?.['TEMPORAL_CORS_ORIGINS']).toBe('http://127.0.0.1:${TEMPORAL_UI_PORT:-8233}');
    const origins = compose.services['gateway']?.environment?.['BLOCKLIST_CODEC_ORIGINS']?.split(',');
    expect(origins).toContain(web?.['TEMPORAL_CORS_ORIGINS']);
    expect(compose.services['sandbox']?.ports).toBeUndefined();
  });
});

describe('our services with the environment of docker-compose.yml', () => {
  const secrets: Readonly<Record<string, string>> = {
    BLOCKLIST_DB_PASSWORD: 'not-used-by-the-test-server',
    BLOCKLIST_HASH_KEY: 'hash-key-of-the-tests',
    BLOCKLIST_CODEC_KEY: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    BLOCKLIST_LINK_KEY: 'link-key-of-the-tests',
    BLOCKLIST_API_KEY: 'api-key-of-the-tests',
    BLOCKLIST_WEBHOOK_SECRET: 'webhook-secret-of-the-tests',
  };
  const running: ChildProcess[] = [];
  const replacements = new Map<string, string>();
  let database: TestDatabase;
  let folder: string;

  beforeAll(async () => {
    const temporal = await getTemporal();
    database = await createTestDatabase();
    folder = await mkdtemp(join(tmpdir(), 'blocklist-compose-'));
    replacements.set(`postgres://blocklist:${secrets['BLOCKLIST_DB_PASSWORD']}@postgres:5432/blocklist`, database.url);
    replacements.set('temporal:7233', temporal.address);
    replacements.set('default', temporal.namespace);
    replacements.set('/data/messages.jsonl', join(folder, 'messages.jsonl'));
    for (const port of ['8080', '8090', '9464']) {
      const free = String(await freePort());
      replacements.set(port, free);
      for (const host of ['127.0.0.1', 'sandbox', 'gateway']) {
        replacements.set(`http://${host}:${port}`, `http://127.0.0.1:${free}`);
      }
    }
    // Inside its container the sandbox listens to the others.
    replacements.set('0.0.0.0', '127.0.0.1');
  });

  afterAll(async () => {
    await Promise.all(running.map(stop));
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('migrates, then serves until each health check passes', async () => {
    const migrate = start('migrate');
    const [code] = (await once(migrate.child, 'exit')) as [number | null];
    expect(code, migrate.output()).toBe(0);
    for (const name of ['sandbox', 'gateway', 'worker']) {
      const service = start(name);
      await healthy(name, service);
    }
  }, 60_000);

  interface Started {
    readonly child: ChildProcess;
    readonly output: () => string;
  }

  function start(name: string): Started {
    const service = compose.services[name];
    const [, entry = ''] = /^ENTRYPOINT (.+)$/m.exec(service?.build?.dockerfile_inline ?? '') ?? [];
    const [program, ...args] = JSON.parse(entry) as string[];
    expect(program).toBe('node');
    // Nothing but what Compose gives: a container does not inherit.
    const env = Object.fromEntries(
      Object.entries(service?.environment ?? {}).map(([key, value]) => [key, here(interpolated(value))]),
    );
    const child = spawn(process.execPath, [...args, ...(service?.command ?? [])], {
      cwd: new URL('..', import.meta.url),
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    return { child, output: () => output };
  }

  function interpolated(value: string): string {
    return value.replace(VARIABLE, (_whole, name: string, operator?: string, rest?: string) => {
      const given = secrets[name] ?? (operator === '-' ? rest : undefined);
      if (given === undefined) throw new Error(`the test gives no value for ${name}`);
      return given;
    });
  }

  /** Names and ports of the compose network, as they are on this machine. */
  function here(value: string): string {
    return replacements.get(value) ?? value;
  }

  /** Runs the health check of the service itself. */
  async function healthy(name: string, { child, output }: Started): Promise<void> {
    const [kind, program, ...args] = compose.services[name]?.healthcheck?.test ?? [];
    expect([kind, program]).toEqual(['CMD', 'node']);
    const local = args.map((arg) => arg.replace(/http:\/\/127\.0\.0\.1:\d+/, here));
    for (;;) {
      expect(child.exitCode, `${name}: ${output()}`).toBeNull();
      const [code] = (await once(spawn(process.execPath, local, { stdio: 'ignore' }), 'exit')) as [number | null];
      if (code === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async function stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(force);
  }
});
