// Looks for secrets in whatever was kept or said, in every form in which they could stand there.

/** A text in which nothing secret may stand, and where it was found. Bytes are given as latin1. */
export interface Evidence {
  readonly where: string;
  readonly text: string;
}

/** A phone number has more forms than a text has. */
export interface Secret {
  readonly kind: 'phone' | 'email' | 'text';
  readonly value: string;
}

/** Where which secret stands, in which form; empty when there is none. */
export function leaksIn(evidence: readonly Evidence[], secrets: readonly Secret[]): string[] {
  return evidence.flatMap(({ where, text }) => {
    const lower = text.toLowerCase();
    return secrets.flatMap((secret) =>
      formsOf(secret)
        .filter(({ form, isExact }) => (isExact ? text.includes(form) : lower.includes(form.toLowerCase())))
        .map(({ form }) => `${where}: ${secret.value} as ${form}`),
    );
  });
}

interface Form {
  readonly form: string;
  /** Upper and lower case are different letters of base64. */
  readonly isExact: boolean;
}

export function formsOf(secret: Secret): Form[] {
  const written = writtenForms(secret);
  const plain = written.flatMap((form) => [form, encodeURIComponent(form), Buffer.from(form).toString('hex')]);
  const coded = written.flatMap((form) => base64Forms(form));
  return [
    ...[...new Set(plain)].map((form) => ({ form, isExact: false })),
    ...[...new Set(coded)].map((form) => ({ form, isExact: true })),
  ];
}

function writtenForms({ kind, value }: Secret): string[] {
  if (kind === 'phone') {
    // Without its country, which is in all longer forms as well; and as people group it.
    const national = value.slice(3);
    const [area, one, two] = [national.slice(0, 2), national.slice(2, 5), national.slice(5)];
    return [national, ...[' ', '-', '.', '/'].map((gap) => [area, one, two].join(gap)), `${one} ${two}`];
  }
  if (kind === 'email') return [value, value.slice(0, value.indexOf('@')), value.replace('@', ' at ')];
  return [value];
}

/** What stays the same of the base64 form, wherever in the encoded bytes the text begins. */
function base64Forms(text: string): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    const whole = bytes.toString('base64').replaceAll('=', '');
    // The first and last letters also hold bits of the neighbours.
    const kept = whole.slice(before === 0 ? 0 : before + 1, whole.length - (bytes.length % 3 === 0 ? 0 : 1));
    return [kept, kept.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
