// The channels a message can leave on, and those an entry may name. Names are those of the product we re-create.

/** Channels this software sends on. */
export const SENDING_CHANNELS = ['SMS', 'MMS', 'VIBER', 'RCS', 'EMAIL'] as const;
export type SendingChannel = (typeof SENDING_CHANNELS)[number];

/** Channels an entry may be limited to (source: the product's Blocklist API, viewable channels). */
export const ENTRY_CHANNELS = [
  'SMS',
  'EMAIL',
  'VOICE_OUTBOUND_TTS',
  'NEW_PUSH_NOTIF',
  'VIBER',
  'RCS',
  'WHATSAPP',
  'APPLE_MB',
  'MMS',
] as const;
export type EntryChannel = (typeof ENTRY_CHANNELS)[number];

/** Channels whose destination is an e-mail address; all others use a phone number. */
export function isEmailChannel(channel: EntryChannel): boolean {
  return channel === 'EMAIL';
}
