// The opt-out pages as HTML: no script, no image, no font, nothing loaded from anywhere, readable by any reader.
import { createHash } from 'node:crypto';
import type { LinkFacts } from '../../storage/opt-out-links.js';
import { CHANNEL_NAMES, PAGE_LANGUAGES, PAGE_TEXTS, type PageLanguage, type PageTexts } from './page-texts.js';

export type PageState = 'ask' | 'confirmed' | 'invalid' | 'unavailable';

export interface Page {
  readonly state: PageState;
  readonly language: PageLanguage;
  /** Whose messages stop; undefined: everybody's. */
  readonly sender?: Pick<LinkFacts, 'sender' | 'channel'>;
}

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
button:focus-visible, a:focus-visible { outline: 3px solid #f2a600; outline-offset: 3px; }
form { margin: 1.5rem 0; }
nav { margin-top: 2rem; font-size: 1rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin: 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding: 0.5rem 0; color: #0b57d0; }
@media (prefers-color-scheme: dark) {
  body { background: #101316; color: #e8eaed; }
  main { background: #1d2125; }
  button { background: #a8c7fa; color: #062e6f; }
  button:hover { background: #d3e3fd; }
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

export function renderPage({ state, language, sender }: Page): string {
  const texts: PageTexts = PAGE_TEXTS[language];
  const from = sender === undefined ? undefined : texts.from(sender.sender, CHANNEL_NAMES[sender.channel]);
  return `<!doctype html>
<html lang="${language}">
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
${contentOf(state, texts, from)}
${state === 'ask' ? languageLinks(language, texts) : ''}
</main>
</body>
</html>
`;
}

function contentOf(state: PageState, texts: PageTexts, from: string | undefined): string {
  switch (state) {
    case 'ask':
      return [paragraph(texts.ask.explain(from)), button(texts.ask.button), paragraph(texts.ask.ignore)].join('\n');
    case 'confirmed':
      return `<div role="status">\n${paragraph(texts.confirmed.explain(from))}\n${paragraph(texts.confirmed.done)}\n${paragraph(texts.confirmed.back)}\n</div>`;
    case 'invalid':
      return paragraph(texts.invalid.explain);
    case 'unavailable':
      return `<div role="alert">\n${paragraph(texts.unavailable.explain)}\n</div>\n${button(texts.unavailable.button)}`;
  }
}

/** Posts to the page's own address, which keeps the language. */
function button(text: string): string {
  return `<form method="post"><button type="submit">${escapeHtml(text)}</button></form>`;
}

function languageLinks(current: PageLanguage, texts: PageTexts): string {
  const links = PAGE_LANGUAGES.filter((language) => language !== current).map(
    (language) =>
      `<li><a href="?lang=${language}" hreflang="${language}" lang="${language}" rel="nofollow">${escapeHtml(PAGE_TEXTS[language].name)}</a></li>`,
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
