// The opt-out pages as HTML: no script, no image, no font, nothing loaded from anywhere, readable by any reader.
import { createHash } from 'node:crypto';
import type { LinkFacts } from '../../storage/opt-out-links.js';
import type { Level } from '../../domain/scope.js';
import { channelName, PAGE_LANGUAGES, PAGE_TEXTS, type PageLanguage } from './page-texts.js';
import type { PageTexts } from './texts/shape.js';

/** `stands`: an undo that came too late, or after something else. */
export type PageState = 'ask' | 'confirmed' | 'undone' | 'stands' | 'invalid' | 'unavailable';

export interface Page {
  readonly state: PageState;
  readonly language: PageLanguage;
  /** Whose messages the link is about; undefined: nobody knows, so only everything can be spoken of. */
  readonly sender?: Pick<LinkFacts, 'sender' | 'channel'>;
  /** How far the press goes, or went. Default: everything. */
  readonly level?: Level;
  /** The person may choose how far. */
  readonly mayChoose?: boolean;
  /** Lets the press be taken back; made for the one who pressed. */
  readonly undo?: string;
}

/** Fields of the forms. */
export const FIELDS = { scope: 'scope', undo: 'undo' } as const;

const STYLE = `
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f4f5f7; color: #16191d;
  font: 1.125rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { box-sizing: border-box; width: 100%; max-width: 34rem; margin: 1rem auto; padding: 2rem 1.5rem; background: #fff;
  border-radius: 0.75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 0.75rem; font-size: 1.6rem; line-height: 1.25; }
p { margin: 0 0 1rem; }
button { width: 100%; min-height: 3.25rem; padding: 0.75rem 1.25rem; border: 2px solid transparent; border-radius: 0.5rem;
  background: #0b57d0; color: #fff; font: inherit; font-weight: 600; cursor: pointer; }
button:hover { background: #0842a0; }
button:focus-visible, a:focus-visible, input:focus-visible { outline: 3px solid #b3261e; outline-offset: 3px; }
button.quiet { background: transparent; color: #0b57d0; border-color: #0b57d0; }
button.quiet:hover { background: #e8f0fe; color: #0842a0; }
form { margin: 1.5rem 0; }
fieldset { margin: 0 0 1.25rem; padding: 0; border: 0; min-width: 0; }
legend { margin: 0 0 0.5rem; padding: 0; font-weight: 600; }
label { display: flex; gap: 0.75rem; align-items: center; min-height: 2.75rem; padding: 0.35rem 0; cursor: pointer; }
input[type=radio] { flex: none; width: 1.35rem; height: 1.35rem; margin: 0; accent-color: #0b57d0; }
nav { margin-top: 2rem; font-size: 1rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin: 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding: 0.5rem 0; color: #0b57d0; }
@media (prefers-color-scheme: dark) {
  body { background: #101316; color: #e8eaed; }
  main { background: #1d2125; }
  button { background: #a8c7fa; color: #062e6f; }
  button:hover { background: #d3e3fd; }
  button.quiet { background: transparent; color: #a8c7fa; border-color: #a8c7fa; }
  button.quiet:hover { background: #2b3036; color: #d3e3fd; }
  button:focus-visible, a:focus-visible, input:focus-visible { outline-color: #f2b8b5; }
  input[type=radio] { accent-color: #a8c7fa; }
  nav a { color: #a8c7fa; }
}
`;

/** Nothing may run and nothing may load; the form may only come back here. */
export const PAGE_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function renderPage(page: Page): string {
  const { state, language } = page;
  const texts: PageTexts = PAGE_TEXTS[language];
  return `<!doctype html>
<html lang="${language}" dir="${texts.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(texts[state].title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(texts[state].title)}</h1>
${contentOf(page, texts)}
${state === 'ask' ? languageLinks(language, texts) : ''}
</main>
</body>
</html>
`;
}

function contentOf(page: Page, texts: PageTexts): string {
  const { state, undo } = page;
  switch (state) {
    case 'ask':
      return question(page, texts);
    case 'confirmed': {
      const { everything, sender, done, back, mistake, more } = texts.confirmed;
      const from = senderOf(page, texts);
      const isNarrow = page.level === 'FROM_SENDER' && from !== undefined;
      return [
        `<div role="status">${paragraph(isNarrow ? sender(from) : everything)}${paragraph(done)}${paragraph(back)}</div>`,
        ...(undo === undefined
          ? []
          : [paragraph(mistake), form(button(texts.confirmed.undo, 'quiet'), { [FIELDS.undo]: undo })]),
        ...(isNarrow && page.mayChoose === true
          ? [form(button(more, 'quiet'), { [FIELDS.scope]: 'FROM_ANY_SENDER' })]
          : []),
      ].join('\n');
    }
    case 'undone':
      return `<div role="status">${paragraph(texts.undone.explain)}</div>\n${form(button(texts.undone.button, 'quiet'))}`;
    case 'stands':
      return `<div role="alert">${paragraph(texts.stands.explain)}${paragraph(texts.confirmed.back)}</div>`;
    case 'invalid':
      return paragraph(texts.invalid.explain);
    case 'unavailable':
      return `<div role="alert">${paragraph(texts.unavailable.explain)}</div>\n${form(button(texts.unavailable.button))}`;
  }
}

function question(page: Page, texts: PageTexts): string {
  const { ask, choice } = texts;
  const from = senderOf(page, texts);
  const isNarrow = page.level === 'FROM_SENDER' && from !== undefined;
  if (page.mayChoose === true && from !== undefined) {
    const options = [
      radio('FROM_SENDER', choice.sender(from), isNarrow),
      radio('FROM_ANY_SENDER', choice.everything, !isNarrow),
    ];
    const fields = `<fieldset><legend>${escapeHtml(choice.question)}</legend>${options.join('')}</fieldset>`;
    return [form(fields + button(ask.button)), paragraph(ask.ignore)].join('\n');
  }
  return [
    paragraph(isNarrow ? ask.sender(from) : ask.everything),
    form(button(ask.button)),
    paragraph(ask.ignore),
  ].join('\n');
}

/** The sender and channel in words. */
function senderOf({ sender }: Page, texts: PageTexts): string | undefined {
  return sender === undefined ? undefined : texts.from(sender.sender, channelName(texts, sender.channel));
}

/** Posts to the page's own address, which keeps the language. */
function form(content: string, hidden: Readonly<Record<string, string>> = {}): string {
  const fields = Object.entries(hidden).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`,
  );
  return `<form method="post">${fields.join('')}${content}</form>`;
}

function button(text: string, style?: 'quiet'): string {
  return `<button type="submit"${style === undefined ? '' : ` class="${style}"`}>${escapeHtml(text)}</button>`;
}

function radio(value: Level, text: string, isChosen: boolean): string {
  const checked = isChosen ? ' checked' : '';
  return `<label><input type="radio" name="${FIELDS.scope}" value="${value}"${checked}><span>${escapeHtml(text)}</span></label>`;
}

function languageLinks(current: PageLanguage, texts: PageTexts): string {
  const links = PAGE_LANGUAGES.filter((language) => language !== current).map(
    (language) =>
      `<li><a href="?lang=${language}" hreflang="${language}" lang="${language}" dir="${PAGE_TEXTS[language].direction}" rel="nofollow">${escapeHtml(PAGE_TEXTS[language].name)}</a></li>`,
  );
  return `<nav aria-label="${escapeHtml(texts.otherLanguages)}"><ul>${links.join('')}</ul></nav>`;
}

function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
