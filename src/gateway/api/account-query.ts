// Which account a question is about; without one, the default account.
import { z } from 'zod';

export const accountKey = z.string().regex(/^[0-9A-F]{32}$/, 'an account key is 32 upper-case hexadecimal digits');

export const accountQuery = z.object({ accountKey: accountKey.optional() });
