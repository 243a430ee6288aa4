/** Offsets in minutes east of UTC, with the abbreviations that Postgres knows by default. */
const ZONES: readonly (readonly [minutes: number, names: string])[] = [
  [-660, 'NUT'],
  [-600, 'CKT HST TAHT'],
  [-570, 'MART'],
  [-540, 'AKST GAMT'],
  [-480, 'AKDT PST'],
  [-420, 'MST PDT'],
  [-360, 'CST EASST EAST GALT MDT'],
  [-300, 'ACT CDT COT EST PET'],
  [-240, 'AMT AST BOT CLT EDT GYT PYT VET'],
  [-210, 'NFT NST'],
  [-180, 'ADT ARST ART BRA BRT CLST FKST FKT GFT PMST PYST UYT WGT'],
  [-150, 'NDT'],
  [-120, 'BRST FNT PMDT UYST WGST'],
  [-60, 'AZOT EGT FNST'],
  [0, 'AZOST EGST GMT UCT UT UTC WET ZULU'],
  [60, 'BST CET MET MEZ WAT WETDST'],
  [120, 'BDST CEST CETDST EET IST MEST MESZ METDST SAST'],
  [180, 'EAT EEST EETDST FET IDT MSK VOLT'],
  [210, 'IRT'],
  [240, 'AMST AZST AZT GEST GET MSD MUT RET SCT'],
  [270, 'AFT'],
  [300, 'MAWT MUST MVT PKT TFT TJT TMT UZT YEKT'],
  [330, 'LKT'],
  [345, 'NPT'],
  [360, 'ALMT BDT BTT IOT KGST KGT OMSST OMST PKST UZST XJT YEKST'],
  [390, 'MMT'],
  [420, 'ALMST CXT DAVT ICT KRAST KRAT NOVST NOVT WAST'],
  [480, 'AWST BNT BORT CCT HKT IRKST IRKT MYT PHT SGT ULAT WADT'],
  [525, 'ACWST'],
  [540, 'AWSST JAYT JST KST PWT ULAST WDT YAKST YAKT'],
  [570, 'ACST CAST'],
  [600, 'AEST CHUT DDUT KDT LIGT MPT PGT TRUT VLAST VLAT YAPT'],
  [630, 'ACDT ACSST CADT LHDT LHST SADT'],
  [660, 'AEDT AESST KOST MAGST MAGT PONT VUT'],
  [720, 'ANAST ANAT FJT GILT MHT NZST NZT PETST PETT TVT WAKT WFT'],
  [765, 'CHAST'],
  [780, 'FJST NZDT TKT TOT'],
  [825, 'CHADT'],
  [840, 'LINT'],
];

const ZONE_MINUTES: ReadonlyMap<string, number> = new Map(
  ZONES.flatMap(([minutes, names]) => names.split(' ').map((name) => [name, minutes] as const)),
);

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** `2025-01-02`, `2025/1/2`, `1/2/2025`: the year comes first if the first number is above 999, else last. */
const DATE = /^(\d{1,6})[./-](\d{1,6})[./-](\d{1,6})$/;
/**
 * `2025-01-02T03:04:05.678+09:00`; everything after the hour is optional, single digits and a space instead of the T
 * are accepted.
 */
const DATE_TIME =
  /^(\d{1,6})-(\d{1,2})-(\d{1,2})[T ](\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2})(?:\.(\d{0,9}))?)?([A-Z]+|[+-]\d{2}(?::?\d{2})?)?$/;
/**
 * `Wed Jan 15 2025`, and the output of JavaScript's `Date`: `Wed Jan 15 2025 03:04:05 GMT+0900 (Japan Standard Time)`.
 */
const DAY_FIRST =
  /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{1,6})(?: (\d{2}):(\d{2}):(\d{2}) (?:GMT|UTC)([+-]\d{4})(?: \(.*\))?)?$/;
/** RFC 1123: `Wed, 15 Jan 2025 03:04:05 GMT`. */
const RFC_1123 = /^[A-Z][a-z]{2}, (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) (GMT|[+-]\d{4})$/;
/** `1/15/2025, 3:04:05 AM`. */
const US_DATE_TIME = /^(\d{1,2})\/(\d{1,2})\/(\d{1,6}), (\d{1,2}):(\d{2}):(\d{2}) (AM|PM)$/;

/**
 * The instant, in epoch milliseconds, that a value of a date attribute denotes; undefined when it is not a date.
 * Numbers are epoch milliseconds. Strings may have any format that Instant accepts; without a zone they are in UTC,
 * whatever the machine's own zone.
 */
export function parseInstantDate(value: unknown): number | undefined {
  if (typeof value === 'number') return validTime(value);
  if (typeof value !== 'string') return undefined;
  return parseText(value) ?? parseQuoted(value) ?? parseText(value.trim());
}

function parseText(text: string): number | undefined {
  if (text === 'epoch') return 0;
  return (
    parseDate(text) ??
    parseDateTime(text) ??
    parseDayFirst(text) ??
    parseRfc1123(text) ??
    parseUsDateTime(text)
  );
}

/** Some clients store a date that went through `JSON.stringify` once too often. */
function parseQuoted(text: string): number | undefined {
  return text.startsWith('"') && text.endsWith('"') && text.length > 1
    ? parseText(text.slice(1, -1))
    : undefined;
}

function parseDate(text: string): number | undefined {
  const [matched, first, second, third] = DATE.exec(text) ?? [];
  if (matched === undefined) return undefined;
  if (Number(first) > 999) return instant({ year: first, month: second, day: third });
  return instant({ year: third, month: first, day: second });
}

function parseDateTime(text: string): number | undefined {
  const [matched, year, month, day, hour, minute, second, fraction, zone] = DATE_TIME.exec(text) ?? [];
  if (matched === undefined) return undefined;
  return instant({ year, month, day, hour, minute, second, fraction, zone });
}

function parseDayFirst(text: string): number | undefined {
  const [matched, name, day, year, hour, minute, second, zone] = DAY_FIRST.exec(text) ?? [];
  if (matched === undefined) return undefined;
  return instant({ year, month: monthOf(name), day, hour, minute, second, zone });
}

function parseRfc1123(text: string): number | undefined {
  const [matched, day, name, year, hour, minute, second, zone] = RFC_1123.exec(text) ?? [];
  if (matched === undefined) return undefined;
  return instant({ year, month: monthOf(name), day, hour, minute, second, zone });
}

function parseUsDateTime(text: string): number | undefined {
  const [matched, month, day, year, hour, minute, second, half] = US_DATE_TIME.exec(text) ?? [];
  if (matched === undefined || Number(hour) < 1 || Number(hour) > 12) return undefined;
  const hour24 = (Number(hour) % 12) + (half === 'PM' ? 12 : 0);
  return instant({ year, month, day, hour: `${hour24}`, minute, second });
}

function monthOf(name: string | undefined): string {
  return `${MONTHS.indexOf(name ?? '') + 1}`;
}

interface Parts {
  year: string | undefined;
  month: string | undefined;
  day: string | undefined;
  hour?: string | undefined;
  minute?: string | undefined;
  second?: string | undefined;
  fraction?: string | undefined;
  zone?: string | undefined;
}

/** The instant that these digits denote; undefined when there is no such day or time of day. */
function instant(parts: Parts): number | undefined {
  const { year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z' } = parts;
  const offset = offsetMinutes(zone);
  if (offset === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59)
    return undefined;
  const date = new Date(0);
  // `Date.UTC()` would take the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  date.setUTCHours(
    Number(hour),
    Number(minute) - offset,
    Number(second),
    Number(fraction.padEnd(3, '0').slice(0, 3)),
  );
  return validTime(date.getTime());
}

function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const sign = zone[0] === '+' ? 1 : zone[0] === '-' ? -1 : undefined;
  if (sign === undefined) return ZONE_MINUTES.get(zone);
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2)));
}

/** `time` in whole milliseconds, if a `Date` can represent it. */
function validTime(time: number): number | undefined {
  const whole = new Date(time).getTime();
  return Number.isNaN(whole) ? undefined : whole;
}
