// Temporal for commands that start workflows: with the codec and the settings of the environment.
import type { GatewayTemporal } from '../gateway/temporal.js';
import { connectionSettings } from './connection.js';

export type CommandTemporal = Pick<GatewayTemporal, 'assertReachable' | 'startBroadcast'> & { close(): Promise<void> };

export async function temporalOf(): Promise<CommandTemporal> {
  // The stack's settings, if there are no others, are in the environment from here on.
  await connectionSettings();
  const { openClient } = await import('../plugin/client-options.js');
  const { gatewayTemporal } = await import('../gateway/temporal.js');
  const { client, close } = openClient({});
  const temporal = gatewayTemporal(client, () => undefined);
  return {
    assertReachable: () => temporal.assertReachable(),
    startBroadcast: (start) => temporal.startBroadcast(start),
    close: async () => {
      await temporal.settled();
      await close();
    },
  };
}
