// What the demo's people do with a message, as rules for the sandbox: of several the first that takes a message is the only
// one. Who does what follows from the number alone.
import type { ScriptRule } from '../../providers/sandbox/requests.js';
import type { Run } from './run.js';

export interface Reaction {
  readonly rule: Partial<Omit<ScriptRule, 'match'>> & { readonly match: Partial<ScriptRule['match']> };
  /** True when whoever does this opts out. */
  readonly optsOut: boolean;
}

/** Everything people write who want no more of it. */
export const STOP_WORDS = [
  'STOP',
  'Stop',
  'stop.',
  'STOP!!!',
  'Stop please',
  'stop sending me this',
  '  stop 🙏',
  'ＳＴＯＰ',
  'StopAll',
  'unsubscribe',
  'Un-subscribe me',
  'opt out',
  'OPT-OUT',
  'End',
  'cancel',
  'QUIT',
  'Remove.',
  'revoke',
];

/** Talk that must not cost anybody his messages, whatever words are in it. */
export const ORDINARY_TALK = [
  'thanks!',
  'Who is this?',
  'When do you open on Saturday?',
  'I cannot stop looking at it',
  'How do I cancel my order?',
  'Is it there until the end of June?',
  'ok 👍',
  'HELP',
  'Start with the blue one please',
  'Ne hvala, možda kasnije',
];

const SOON = { afterMs: 300, spreadMs: 2_500 } as const;

/** Of those who are told that they have opted out, some did not mean it. */
const regret: Reaction = {
  rule: {
    match: { kind: 'confirmation' },
    share: 0.1,
    afterMs: 400,
    spreadMs: 800,
    reply: ['START', 'unstop', 'Start'],
  },
  optsOut: false,
};

/** The example flows talk with people of their own. */
const conversations: readonly Reaction[] = [
  { rule: { match: { textIncludes: 'We miss you' }, share: 0.15, ...SOON, reply: ['Stop'] }, optsOut: true },
  {
    rule: { match: { textIncludes: 'We miss you' }, share: 0.5, ...SOON, reply: ['Yes', 'YES please', 'yes!'] },
    optsOut: false,
  },
  {
    rule: { match: { textIncludes: 'We miss you' }, share: 0.6, ...SOON, reply: ['no thanks', 'Later'] },
    optsOut: false,
  },
  { rule: { match: { textIncludes: 'BACK20' }, share: 0.5, ...SOON, reply: ['thank you!'] }, optsOut: false },
  { rule: { match: { textIncludes: 'appointment' }, share: 0.12, ...SOON, reply: ['STOP'] }, optsOut: true },
  {
    rule: { match: { textIncludes: 'appointment' }, share: 0.6, ...SOON, reply: ['YES', 'Yes, see you'] },
    optsOut: false,
  },
  { rule: { match: { textIncludes: 'appointment' }, share: 0.5, ...SOON, reply: ['No, sorry'] }, optsOut: false },
];

export function springReactions(run: Run): readonly Reaction[] {
  return [regret, ...conversations, ...toCampaign(run.spring, 1)];
}

/** Who is still there the second time is more patient. */
export function summerReactions(run: Run): readonly Reaction[] {
  return [regret, ...conversations, ...toCampaign(run.summer, 0.4)];
}

function toCampaign(campaignReferenceId: string, temper: number): readonly Reaction[] {
  const match = { campaignReferenceId };
  const linked = { campaignReferenceId, textIncludes: '/u/' };
  return [
    { rule: { match, share: 0.015 * temper, ...SOON, reply: STOP_WORDS }, optsOut: true },
    // Many networks do not say which message is answered.
    { rule: { match, share: 0.01 * temper, ...SOON, reply: STOP_WORDS, paired: false }, optsOut: true },
    {
      rule: { match: { ...linked, channel: 'EMAIL' }, share: 0.02 * temper, ...SOON, optOutLink: 'oneClick' },
      optsOut: true,
    },
    { rule: { match: linked, share: 0.01 * temper, ...SOON, optOutLink: true }, optsOut: true },
    { rule: { match, share: 0.03, ...SOON, reply: ORDINARY_TALK }, optsOut: false },
  ];
}
