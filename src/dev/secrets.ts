// The keys of a project's embedded stack: made once, kept where only the user can read them. What the environment names wins.
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { BlocklistError } from '../domain/errors.js';

const storedSecrets = z.object({
  /** Ties data that had to be kept elsewhere to this folder. */
  id: z.string(),
  postgresPassword: z.string(),
  hashKey: z.string(),
  codecKey: z.string(),
  linkKey: z.string(),
  apiKey: z.string(),
});

export type Secrets = Readonly<z.infer<typeof storedSecrets>>;

export function secretsOf(cacheDir: string, env: NodeJS.ProcessEnv): Secrets {
  const stored = read(cacheDir) ?? create(cacheDir);
  return {
    ...stored,
    hashKey: env['BLOCKLIST_HASH_KEY'] || stored.hashKey,
    codecKey: env['BLOCKLIST_CODEC_KEY'] || stored.codecKey,
    linkKey: env['BLOCKLIST_LINK_KEY'] || stored.linkKey,
    apiKey: env['BLOCKLIST_API_KEY'] || stored.apiKey,
  };
}

function read(cacheDir: string): Secrets | undefined {
  const file = secretsFile(cacheDir);
  if (!existsSync(file)) return undefined;
  try {
    return storedSecrets.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // Without the cause: it would quote what it could not read.
    throw new BlocklistError(
      'CONFIGURATION',
      `${file} cannot be read; restore it, or remove ${cacheDir} to start empty`,
    );
  }
}

function create(cacheDir: string): Secrets {
  if (existsSync(join(cacheDir, 'postgres', 'data'))) {
    throw new BlocklistError(
      'CONFIGURATION',
      `${secretsFile(cacheDir)} is missing, and the data beside it cannot be used without; restore it, or remove ${cacheDir} to start empty`,
    );
  }
  const secrets: Secrets = {
    id: randomUUID(),
    postgresPassword: randomBytes(24).toString('hex'),
    hashKey: randomBytes(32).toString('base64'),
    codecKey: `dev1:${randomBytes(32).toString('base64')}`,
    linkKey: randomBytes(32).toString('base64'),
    apiKey: randomBytes(24).toString('base64url'),
  };
  mkdirSync(cacheDir, { recursive: true });
  const file = secretsFile(cacheDir);
  writeFileSync(`${file}.new`, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secrets;
}

function secretsFile(cacheDir: string): string {
  return join(cacheDir, 'secrets.json');
}
