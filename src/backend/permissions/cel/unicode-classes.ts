import type { CharTest } from './char-classes.ts';

const CATEGORIES: ReadonlySet<string> = new Set(
  'Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs'.split(
    ' ',
  ),
);

/** The scripts that the server's RE2 knows, which follows an older Unicode version than the runtimes. */
const SCRIPTS: ReadonlySet<string> = new Set(
  [
    'Arabic Armenian Avestan Balinese Bamum Batak Bengali Bopomofo Brahmi Braille Buginese Buhid',
    'Canadian_Aboriginal Carian Cham Cherokee Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari',
    'Egyptian_Hieroglyphs Ethiopic Georgian Glagolitic Gothic Greek Gujarati Gurmukhi Han Hangul Hanunoo Hebrew',
    'Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada',
    'Katakana Kayah_Li Kharoshthi Khmer Lao Latin Lepcha Limbu Linear_B Lisu Lycian Lydian Malayalam Mandaic',
    'Meetei_Mayek Mongolian Myanmar New_Tai_Lue Nko Ogham Ol_Chiki Old_Italic Old_Persian Old_South_Arabian',
    'Old_Turkic Oriya Osmanya Phags_Pa Phoenician Rejang Runic Samaritan Saurashtra Shavian Sinhala Sundanese',
    'Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Tamil Telugu Thaana Thai Tibetan Tifinagh',
    'Ugaritic Vai Yi',
  ].flatMap((line) => line.split(' ')),
);

/** Names that mean something else in RE2 than in JavaScript, or nothing in JavaScript. */
const OTHERS: Readonly<Record<string, RegExp>> = {
  Any: /[\s\S]/u,
  C: /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u,
  Unknown: /[\p{Cn}\p{Co}\p{Cs}]/u,
};

/** The meaning of `\p{name}`; undefined for a name that RE2 does not know. */
export function unicodeClass(name: string): CharTest | undefined {
  const pattern = patternOf(name);
  return pattern && ((char) => pattern.test(char));
}

function patternOf(name: string): RegExp | undefined {
  if (CATEGORIES.has(name)) return new RegExp(`\\p{${name}}`, 'u');
  if (SCRIPTS.has(name)) return new RegExp(`\\p{Script=${name}}`, 'u');
  return Object.hasOwn(OTHERS, name) ? OTHERS[name] : undefined;
}
