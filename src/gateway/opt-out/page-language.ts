// Which language a page speaks: the one its link names, else the one the browser prefers, else English.
import { negotiate } from '@fastify/accept-negotiator';
import { PAGE_LANGUAGES, type PageLanguage } from './page-texts.js';

const LONGEST_HEADER = 500;

export function pageLanguage(asked: string | undefined, acceptLanguage: string | undefined): PageLanguage {
  return known(asked) ?? preferred(acceptLanguage ?? '') ?? 'en';
}

/** `es-MX` is served by `es` (RFC 4647 3.4), and of languages equally welcome the first is taken. */
function preferred(header: string): PageLanguage | undefined {
  const ranges = header
    .slice(0, LONGEST_HEADER)
    .toLowerCase()
    .split(',')
    .map((range) => range.trim().replace(/^([a-z]+)-[a-z0-9-]*/, '$1'));
  const named = ranges.flatMap((range) => known(range.split(';')[0]) ?? []);
  const inTheirOrder = [...new Set<PageLanguage>([...named, ...PAGE_LANGUAGES])];
  return known(negotiate(ranges.join(','), inTheirOrder) ?? undefined);
}

function known(tag: string | undefined): PageLanguage | undefined {
  const primary = tag?.trim().toLowerCase().split('-')[0];
  return PAGE_LANGUAGES.find((language) => language === primary);
}
