// Databases of the test run, made in the process that owns the servers.
import { randomBytes } from 'node:crypto';
import { createDatabase } from '../../src/dev/postgres-databases.js';
import type { ScratchPostgres, ScratchServers } from '../../src/dev/scratch-servers.js';

const TEMPLATE = 'blocklist_template';

export class TestDatabases {
  #postgres: Promise<ScratchPostgres> | undefined;
  #template: Promise<void> | undefined;
  /** A template can be copied by one at a time only. */
  #lastCreation: Promise<unknown> = Promise.resolve();

  constructor(private readonly servers: ScratchServers) {}

  async postgres(): Promise<{ readonly adminUrl: string }> {
    const { adminUrl } = await (this.#postgres ??= this.servers.startPostgres());
    return { adminUrl };
  }

  async create(options: { readonly isMigrated: boolean }): Promise<{ readonly url: string }> {
    const { adminUrl } = await this.postgres();
    if (options.isMigrated) await (this.#template ??= this.#makeTemplate(adminUrl));
    const name = `test_${randomBytes(6).toString('hex')}`;
    const template = options.isMigrated ? TEMPLATE : 'template0';
    const creation = this.#lastCreation.then(() => createDatabase(adminUrl, name, template));
    this.#lastCreation = creation.catch(() => undefined);
    return { url: await creation };
  }

  async #makeTemplate(adminUrl: string): Promise<void> {
    // Loaded only when asked for: tests of the rules need none of it.
    const { migrate } = await import('../../src/storage/migrate.js');
    await migrate(await createDatabase(adminUrl, TEMPLATE));
  }
}
