// The product's interface for inbound configurations: what a keyword in a reply to a number does. The same keywords as those
// of `blocklist keyword`.
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { SendingChannel } from '../../domain/channel.js';
import { checkKeyword, type KeywordInput } from '../../domain/replies/configured-keyword.js';
import type { DeliveryWindow } from '../../domain/delivery-window.js';
import { BlocklistError } from '../../domain/errors.js';
import { keywordStore, type ConfiguredKeyword } from '../../storage/keywords.js';
import { callerOf } from '../access/caller.js';
import { platformError, platformErrors } from '../error-envelopes.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import {
  configurationAnswer,
  configurationParams,
  configurationQuery,
  configureBody,
  CONFIGURED_CHANNELS,
  FORMATS,
  senderProperty,
  type ConfigureBody,
  type ConfiguredChannel,
  type Unset,
} from './keyword-schemas.js';

const URL = '/resource-management/1/inbound-message-configurations';

const OURS: Readonly<Record<ConfiguredChannel, SendingChannel>> = {
  SMS: 'SMS',
  MMS: 'MMS',
  RCS: 'RCS',
  VIBER_BM: 'VIBER',
};

export function registerKeywordRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  const keywords = keywordStore(storage.db);

  app.route({
    method: 'POST',
    url: URL,
    config: { access: 'editor', envelope: 'platform', documentedRate: { requests: 2, perSeconds: 1 } },
    schema: {
      summary:
        'Set up or change what a keyword in replies to a number does; without a keyword, whatever no other is for',
      body: configureBody,
      response: { 200: configurationAnswer, ...platformErrors },
    },
    handler: async (request) => {
      const { body } = request;
      const sender = body[senderProperty(body.channel)];
      const name = {
        channel: OURS[body.channel],
        ...(sender == null ? {} : { sender }),
        ...(body.keyword == null ? {} : { keyword: body.keyword }),
      };
      return shown(
        await keywords.change(callerOf(request).account, name, (current) => ({
          // An automatic response is replaced as a whole.
          ...without(current, [
            ...(body.unset ?? []),
            ...(body.autoResponse == null ? [] : (['AUTORESPONSE'] as const)),
          ]),
          ...asked(body),
        })),
      );
    },
  });

  app.route({
    method: 'GET',
    url: URL,
    config: { access: 'viewer', envelope: 'platform', documentedRate: { requests: 2, perSeconds: 1 } },
    schema: {
      summary: 'Inbound configurations of the account on a channel, of one number or all',
      querystring: configurationQuery,
      response: { 200: z.array(configurationAnswer), ...platformErrors },
    },
    handler: async (request) => {
      const { configurationKey, channel, keyword, ...named } = request.query;
      const { account } = callerOf(request);
      const sender = named[senderProperty(channel)];
      const found =
        configurationKey === undefined
          ? await keywords.list(account, { channel: OURS[channel], ...(sender === undefined ? {} : { sender }) })
          : [await keywords.findByKey(account, configurationKey)].filter((one) => one !== undefined);
      const word = keyword === undefined ? undefined : (checkKeyword({ keyword }).keyword ?? '');
      return (
        found
          // Keywords for every number or channel hold here too, but are not set up here.
          .filter((one) => one.channel === OURS[channel] && one.sender !== undefined)
          .filter((one) => word === undefined || (one.keyword ?? '') === word)
          .map(shown)
      );
    },
  });

  app.route({
    method: 'DELETE',
    url: `${URL}/:configurationKey`,
    config: { access: 'editor', envelope: 'platform', documentedRate: { requests: 1, perSeconds: 1 } },
    schema: {
      summary: 'Remove an inbound configuration',
      params: configurationParams,
      response: { 204: z.null().describe('Removed.'), ...platformErrors, 404: platformError },
    },
    handler: async (request, reply) => {
      if (!(await keywords.removeByKey(callerOf(request).account, request.params.configurationKey))) {
        throw new BlocklistError('NOT_FOUND', 'There is no configuration with this key.');
      }
      return removed(reply);
    },
  });
}

/** Truly empty; `null` would be sent as a body. */
function removed(reply: FastifyReply): FastifyReply {
  return reply.code(204).send();
}

const FIELDS: Readonly<Record<Unset, readonly (keyof KeywordInput)[]>> = {
  USERNAME: ['username'],
  PLATFORM: ['platform'],
  FORWARDING: ['forwarding'],
  CONVERSATIONS: [],
  ANSWERS: [],
  AUTORESPONSE: ['autoResponse', 'autoResponseSender', 'autoResponseWindow'],
  BLOCKLISTCONFIGURATION: ['action', 'level'],
};

function without(current: KeywordInput, unset: readonly Unset[]): KeywordInput {
  const gone = new Set<string>(unset.flatMap((option) => FIELDS[option]));
  return Object.fromEntries(Object.entries(current).filter(([field]) => !gone.has(field))) as KeywordInput;
}

function asked(body: ConfigureBody): Partial<KeywordInput> {
  const { autoResponse, blockListConfiguration: blocks, forwarding, username, platform, channel } = body;
  return {
    ...(username == null ? {} : { username }),
    ...(platform == null ? {} : { platform: withoutUndefined(platform) }),
    ...(forwarding == null ? {} : { forwarding: { url: forwarding.url, format: FORMATS[channel] } }),
    ...(blocks == null ? {} : { action: blocks.type, level: blocks.level }),
    ...(autoResponse == null ? {} : answerOf(autoResponse)),
  };
}

function answerOf({ message, sender, deliveryTimeWindow: window }: NonNullable<ConfigureBody['autoResponse']>) {
  return {
    autoResponse: message,
    ...(sender == null ? {} : { autoResponseSender: sender }),
    ...(window == null
      ? {}
      : {
          autoResponseWindow: { ...window, deliveryTimeZone: window.deliveryTimeZone ?? ('USER_TIME_ZONE' as const) },
        }),
  };
}

type Platform = NonNullable<KeywordInput['platform']>;
const withoutUndefined = (value: object): Platform =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Platform;

function shown(keyword: ConfiguredKeyword): z.output<typeof configurationAnswer> {
  const { key, channel, action, level, autoResponse, forwarding, username, platform } = keyword;
  const configured = CONFIGURED_CHANNELS.find((each) => OURS[each] === channel);
  return {
    configurationKey: key,
    ...(configured === undefined ? {} : { channel: configured }),
    ...(keyword.keyword === undefined ? {} : { keyword: keyword.keyword }),
    ...(username === undefined ? {} : { username }),
    ...(platform === undefined ? {} : { platform }),
    ...(forwarding === undefined ? {} : { forwarding: { type: 'HTTP_FORWARD' as const, ...forwarding } }),
    ...(autoResponse === undefined ? {} : { autoResponse: shownAnswer(autoResponse, keyword) }),
    ...(action === undefined || level === undefined ? {} : { blockListConfiguration: { type: action, level } }),
  };
}

function shownAnswer(message: string, { autoResponseSender: sender, autoResponseWindow: window }: ConfiguredKeyword) {
  return {
    message,
    ...(sender === undefined ? {} : { sender }),
    ...(window === undefined ? {} : { deliveryTimeWindow: shownWindow(window) }),
  };
}

const shownWindow = ({ days, from, to, deliveryTimeZone = 'USER_TIME_ZONE' }: DeliveryWindow) => ({
  days: [...days],
  from,
  to,
  deliveryTimeZone,
});
