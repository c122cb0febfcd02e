// Phone numbers nobody else in the demo has, and the ways in which people write them down.
import type { Random } from './random.js';

/** Mobile numbers of one country: calling code, one of the prefixes, so many digits. */
interface NumberPlan {
  readonly callingCode: string;
  readonly prefixes: readonly [string, ...string[]];
  readonly digits: number;
  /** Of 100 people. */
  readonly share: number;
}

/** The first is the country of the shop: its people leave the country code out. */
const PLANS = [
  { callingCode: '385', prefixes: ['91', '92', '95', '99'], digits: 7, share: 37 },
  { callingCode: '49', prefixes: ['1511', '1512', '1522'], digits: 7, share: 20 },
  { callingCode: '44', prefixes: ['7312', '7412', '7415'], digits: 6, share: 15 },
  { callingCode: '1', prefixes: ['2125', '2126', '3125', '3126', '4155', '4156', '4157'], digits: 6, share: 10 },
  { callingCode: '43', prefixes: ['660', '664', '676'], digits: 7, share: 10 },
  { callingCode: '39', prefixes: ['333', '347'], digits: 7, share: 5 },
  { callingCode: '386', prefixes: ['31', '40', '41'], digits: 6, share: 3 },
] as const satisfies readonly NumberPlan[];
export const HOME_COUNTRY = 'HR';
const HOME_CODE = PLANS[0].callingCode;

/** Numbers that a run may take of a plan, for each percent of its share. */
const BLOCK_PER_PERCENT = 130;
/** Shares no factor with the size of any plan, so it scatters a block over the plan without a repetition. */
const SCATTER = 7_654_321;

export interface PhoneNumber {
  readonly callingCode: string;
  /** Without calling code and leading zero. */
  readonly national: string;
}

/** Different numbers at each call, and other ones for each run: they repeat after some thousand runs. */
export function phoneNumbers(runNumber: number): (random: Random) => PhoneNumber {
  const used = new Map<NumberPlan, number>();
  return (random) => {
    const plan = choosePlan(random.below(100));
    const nth = used.get(plan) ?? 0;
    used.set(plan, nth + 1);
    const perPrefix = 10 ** plan.digits;
    const size = perPrefix * plan.prefixes.length;
    const block = plan.share * BLOCK_PER_PERCENT;
    const first = (runNumber % Math.floor(size / block)) * block;
    const scattered = ((first + nth) * SCATTER) % size;
    const prefix = plan.prefixes[Math.floor(scattered / perPrefix)] ?? plan.prefixes[0];
    const rest = String(scattered % perPrefix).padStart(plan.digits, '0');
    return { callingCode: plan.callingCode, national: prefix + rest };
  };
}

export function digitsOf({ callingCode, national }: PhoneNumber): string {
  return callingCode + national;
}

/** As somebody typed it. */
export function writePhone(number: PhoneNumber, random: Random): string {
  const isHome = number.callingCode === HOME_CODE;
  const styles = isHome && random.below(2) === 0 ? NATIONAL : INTERNATIONAL;
  return random.pick(styles)(number);
}

type Style = (number: PhoneNumber) => string;

const split = ({ national }: PhoneNumber): readonly [string, string, string] => {
  const area = national.length - 7 > 1 ? national.length - 7 : 2;
  return [national.slice(0, area), national.slice(area, area + 3), national.slice(area + 3)];
};

const INTERNATIONAL: readonly [Style, ...Style[]] = [
  (n) => `+${n.callingCode} ${split(n).join(' ')}`,
  (n) => `00${n.callingCode} (${split(n)[0]}) ${split(n).slice(1).join('-')}`,
  (n) => `+${n.callingCode}.${split(n).join('.')}`,
  (n) => `+${n.callingCode}\u00a0${split(n).join('\u00a0')}`,
  (n) => toFullWidth(`+${n.callingCode} ${split(n).join(' ')}`),
  (n) => `+${digitsOf(n)}`,
  (n) => `  +${n.callingCode}-${split(n).join('-')} `,
  (n) => `tel:+${digitsOf(n)}`,
  (n) => `+${n.callingCode} ${split(n)[0]}/${split(n).slice(1).join(' ')}`,
];

const NATIONAL: readonly [Style, ...Style[]] = [
  (n) => `0${split(n)[0]}/${split(n).slice(1).join('-')}`,
  (n) => `0${split(n).join(' ')}`,
  (n) => `(0${split(n)[0]}) ${split(n).slice(1).join(' ')}`,
  (n) => `+${n.callingCode} (0)${split(n).join(' ')}`,
  (n) => `0${n.national}`,
  (n) => toFullWidth(`0${split(n).join('-')}`),
];

function choosePlan(draw: number): NumberPlan {
  let left = draw;
  return PLANS.find((plan) => (left -= plan.share) < 0) ?? PLANS[0];
}

/** As phones with a Japanese keyboard write: ０９１. */
function toFullWidth(text: string): string {
  return text.replaceAll(/[0-9+]/g, (char) => String.fromCodePoint((char.codePointAt(0) ?? 0) + 0xfee0));
}
