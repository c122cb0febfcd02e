// What every language of the opt-out pages has to say.

export interface PageTexts {
  /** The language's own name, for the links between languages. */
  readonly name: string;
  readonly direction: 'ltr' | 'rtl';
  readonly ask: {
    readonly title: string;
    /** What will stop: everything, or what a sender sends; `from` is the sender and channel in words. */
    readonly everything: string;
    readonly sender: (from: string) => string;
    readonly button: string;
    readonly ignore: string;
  };
  /** Where the account lets people choose. */
  readonly choice: {
    readonly question: string;
    readonly sender: (from: string) => string;
    readonly everything: string;
  };
  readonly confirmed: {
    readonly title: string;
    readonly everything: string;
    readonly sender: (from: string) => string;
    readonly done: string;
    /** What is still possible. */
    readonly back: string;
    readonly mistake: string;
    readonly undo: string;
    /** Out of one sender: the button that stops the others too. */
    readonly more: string;
  };
  readonly undone: { readonly title: string; readonly explain: string; readonly button: string };
  /** It was too late to undo, or something came since. */
  readonly stands: { readonly title: string; readonly explain: string };
  readonly invalid: { readonly title: string; readonly explain: string };
  readonly unavailable: { readonly title: string; readonly explain: string; readonly button: string };
  /** `ACME by SMS`. */
  readonly from: (sender: string, channel: string) => string;
  readonly email: string;
  readonly otherLanguages: string;
}
