// The Temporal client behind a BlocklistClient: the caller's own, or one from Temporal's environment and configuration file.
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { BlocklistError } from '../domain/errors.js';
import { BlocklistCodec } from './codec.js';
import type { CodecKey } from './codec-keys.js';
import { codecKeysOf } from './data-converter.js';
import { BlocklistPlugin } from './blocklist-plugin.js';

export interface BlocklistClientOptions {
  /** Your own client; it needs BlocklistPlugin among its plugins where payloads are encrypted. */
  readonly client?: Client;
  /** Without `client`: where the server is. Default: TEMPORAL_ADDRESS and the other settings of Temporal's configuration. */
  readonly address?: string;
  readonly namespace?: string;
  /** As BLOCKLIST_CODEC_KEY, which is the default. */
  readonly codecKeys?: string | readonly CodecKey[];
  /** How long to wait for an answer; 30 seconds without it. */
  readonly timeoutMs?: number;
}

export interface OpenedClient {
  readonly client: Client;
  /** Closes what was opened here; a caller's client stays open. */
  close(): Promise<void>;
}

export function openClient(options: BlocklistClientOptions): OpenedClient {
  const keys = codecKeysOf(options.codecKeys);
  const { client } = options;
  if (client !== undefined) {
    const codecs = client.options.loadedDataConverter.payloadCodecs;
    if (keys.length > 0 && !codecs.some((codec) => codec instanceof BlocklistCodec)) {
      throw new BlocklistError(
        'CONFIGURATION',
        'payloads are to be encrypted (BLOCKLIST_CODEC_KEY), but this Temporal client would not: ' +
          'make it with `plugins: [new BlocklistPlugin()]`',
      );
    }
    return { client, close: () => Promise.resolve() };
  }
  const environment = loadClientConnectConfig();
  const connection = Connection.lazy({
    ...environment.connectionOptions,
    ...(options.address === undefined ? {} : { address: options.address }),
  });
  return {
    client: new Client({
      connection,
      namespace: options.namespace ?? environment.namespace ?? 'default',
      plugins: [new BlocklistPlugin({ codecKeys: keys })],
    }),
    close: () => connection.close(),
  };
}
