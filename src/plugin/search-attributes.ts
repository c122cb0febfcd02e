// The search attributes, for clients and for whoever registers them with a server.
import { defineSearchAttributeKey } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../domain/names.js';

export const searchAttributes = {
  account: defineSearchAttributeKey(SEARCH_ATTRIBUTES.account, 'KEYWORD'),
  flow: defineSearchAttributeKey(SEARCH_ATTRIBUTES.flow, 'KEYWORD'),
  campaign: defineSearchAttributeKey(SEARCH_ATTRIBUTES.campaign, 'KEYWORD'),
  phase: defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, 'KEYWORD'),
} as const;
