// Example: win a lapsed customer back, and let go of an unhappy one. Shown in the README.
import {
  evaluateEvent,
  sendMessage,
  waitForEvent,
  waitForReply,
  type Contact,
  type Evaluation,
  type MessageOutcome,
} from '../../../workflows/steps/index.js';

export async function winBack(contact: Contact, campaign: string): Promise<MessageOutcome | Evaluation> {
  const sms = { to: contact, channel: 'SMS', sender: '10950', campaign } as const;

  const offer = await sendMessage({ ...sms, text: 'We miss you! Reply YES for 20 % off, STOP to end.' });
  if (offer.outcome !== 'sent') return offer;

  const reply = await waitForReply({ replyTo: offer, timeout: '24 hours' });
  if (!reply.timedOut && reply.keyword === 'YES') {
    await sendMessage({ ...sms, text: 'BACK20 is yours. STOP to end.' });
  }

  const survey = await waitForEvent({ contact, event: 'surveyAnswered', timeout: '7 days' });
  return evaluateEvent(survey, {
    rule: 'unhappy',
    when: { property: 'score', operator: 'lessThan', value: 3 },
    optOut: { level: 'FROM_ANY_SENDER', because: offer },
  });
}
