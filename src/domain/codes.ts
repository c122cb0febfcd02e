// Status and error codes a caller of the product expects. Source: the product's public status and error code registry.

export interface StatusCode {
  readonly groupId: number;
  readonly groupName: 'ACCEPTED' | 'PENDING' | 'UNDELIVERABLE' | 'DELIVERED' | 'EXPIRED' | 'REJECTED';
  readonly id: number;
  readonly name: string;
  readonly description: string;
}

export interface ErrorDetail {
  readonly groupId: number;
  readonly groupName: 'OK' | 'HANDSET_ERRORS' | 'USER_ERRORS' | 'OPERATOR_ERRORS';
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly permanent: boolean;
}

export interface OutcomeCode {
  readonly status: StatusCode;
  readonly error: ErrorDetail;
}

const NO_ERROR: ErrorDetail = {
  groupId: 0,
  groupName: 'OK',
  id: 0,
  name: 'NO_ERROR',
  description: 'No Error',
  permanent: false,
};

const status = (
  groupId: number,
  groupName: StatusCode['groupName'],
  id: number,
  name: string,
  description: string,
): StatusCode => ({ groupId, groupName, id, name, description });

const error = (
  groupId: number,
  groupName: ErrorDetail['groupName'],
  id: number,
  name: string,
  description: string,
  permanent = true,
): ErrorDetail => ({ groupId, groupName, id, name, description, permanent });

const BLOCKLISTED = status(
  5,
  'REJECTED',
  14,
  'REJECTED_DESTINATION_BLOCKLISTED',
  'The recipient is on the Do Not Contact list.',
);

/** Every code this software gives, by what happened. */
export const CODES = {
  accepted: {
    status: status(1, 'PENDING', 26, 'PENDING_ACCEPTED', 'Message accepted, pending for delivery.'),
    error: NO_ERROR,
  },
  blockedPhone: {
    status: BLOCKLISTED,
    error: error(
      2,
      'USER_ERRORS',
      2052,
      'EC_BLACKLISTED_DESTINATIONADDRESS',
      'The recipient has opted out or was put on the Do Not Contact list.',
    ),
  },
  blockedEmail: {
    status: BLOCKLISTED,
    error: error(
      1,
      'HANDSET_ERRORS',
      6003,
      'EC_UNSUBSCRIBED_EMAIL_ADDRESS',
      'The recipient has unsubscribed from this sender.',
    ),
  },
  capped: {
    status: status(5, 'REJECTED', 20, 'REJECTED_FLOODING_FILTER', 'The frequency cap of the recipient is used up.'),
    error: error(2, 'USER_ERRORS', 1000, 'EC_FREQUENCY_CAP', 'The frequency cap of the recipient is used up.', false),
  },
  invalidDestination: {
    status: status(5, 'REJECTED', 52, 'REJECTED_DESTINATION', 'The destination is not valid for the channel.'),
    error: error(2, 'USER_ERRORS', 2051, 'EC_INVALID_DESTINATION_ADDRESS', 'The destination is not valid.'),
  },
  rejected: {
    status: status(5, 'REJECTED', 6, 'REJECTED_NETWORK', 'The provider refused the message.'),
    error: error(3, 'OPERATOR_ERRORS', 9, 'EC_ILLEGAL_SUBSCRIBER', 'The provider refused the message.'),
  },
  failed: {
    status: status(2, 'UNDELIVERABLE', 31, 'UNDELIVERABLE_NOT_SENT', 'The message could not be handed over.'),
    error: error(3, 'OPERATOR_ERRORS', 255, 'EC_UNKNOWN_ERROR', 'The message could not be handed over.', false),
  },
  unknown: {
    status: status(2, 'UNDELIVERABLE', 31, 'UNDELIVERABLE_NOT_SENT', 'Handed over, but the answer was lost.'),
    error: error(3, 'OPERATOR_ERRORS', 255, 'EC_UNKNOWN_ERROR', 'Handed over, but the answer was lost.', false),
  },
  expired: {
    status: status(4, 'EXPIRED', 15, 'EXPIRED_EXPIRED', 'The validity period ended before the message could be sent.'),
    error: error(1, 'HANDSET_ERRORS', 36, 'EC_MESSAGE_EXPIRED', 'The validity period ended.', false),
  },
} as const satisfies Record<string, OutcomeCode>;

/** The code of a blocked message on `channel`. */
export function blockedCode(channel: string): OutcomeCode {
  return channel === 'EMAIL' ? CODES.blockedEmail : CODES.blockedPhone;
}
