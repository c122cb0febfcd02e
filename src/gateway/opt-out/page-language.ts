// Which language a page speaks: the one its link names, else the one the browser prefers, else English.
import { PAGE_LANGUAGES, type PageLanguage } from './page-texts.js';

export function pageLanguage(asked: string | undefined, acceptLanguage: string | undefined): PageLanguage {
  return known(asked) ?? preferred(acceptLanguage ?? '') ?? 'en';
}

/** RFC 9110 12.5.4: the highest quality wins, of equals the first; `es-MX` is served by `es`. */
function preferred(header: string): PageLanguage | undefined {
  return header
    .slice(0, 500)
    .split(',')
    .map((part, order) => {
      const [range = '', ...parameters] = part.trim().split(';');
      const quality = parameters.map((parameter) => /^\s*q=([01](?:\.\d{0,3})?)\s*$/i.exec(parameter)?.[1]);
      return { language: known(range), quality: Number(quality.find(Boolean) ?? 1), order };
    })
    .filter(({ language, quality }) => language !== undefined && quality > 0)
    .sort((a, b) => b.quality - a.quality || a.order - b.order)[0]?.language;
}

function known(tag: string | undefined): PageLanguage | undefined {
  const primary = tag?.trim().toLowerCase().split('-')[0];
  return PAGE_LANGUAGES.find((language) => language === primary);
}
