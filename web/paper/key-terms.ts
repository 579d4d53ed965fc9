/**
 * Key terms of a text against a corpus, by TF-IDF (Spärck Jones 1972; smoothed and normalised as Manning, Raghavan & Schütze 2008, chapter 6,
 * have it). Pure.
 *
 * A term is a word of three letters or more that is no function word, or two such words that follow each other in the text with nothing
 * but a hyphen or a space between them. With n(t) the times that t comes in the text, N the number of titles and d(t) those that have t:
 *
 *     weight(t) = n(t) * (1 + ln((1 + N) / (1 + d(t)))) / sqrt(sum over all terms of the square of the same)
 *
 * So weights lie between 0 and 1, and their squares add up to 1 over all terms of the text.
 */

/** A term with its weight. */
export interface KeyTerm {
  readonly term: string;
  readonly weight: number;
}

/** Words that say nothing of a subject. */
const functionWords = new Set(
  `about above after again against all almost along already also although always among and another any are around because been before being
  below between both but can cannot could did does doing done down due during each either else even ever every few first for found from further
  furthermore given had has have having hence her here his how however into its itself just less let like made make many may might more
  moreover most much must near neither next nor not now often once one only onto other others our out over own per perhaps rather same second secondly
  see seem several shall she should show shown since some still such than that the their them then there thereby therefore these they third
  this those though three through thus together too toward towards two under until upon use used uses using very via was were what when where whether
  which while who whom whose why will with within without would yet you your`.split(/\s+/),
);

/** The terms of a text, each as often as it comes. */
export function termsOf(text: string): string[] {
  // What stands between two words must be a hyphen or a space for them to be one term.
  const pieces = text
    .toLowerCase()
    .normalize("NFKC")
    .split(/[^\p{Letter}\p{Number}\s'-]+/u);
  return pieces.flatMap((piece) => {
    const words = piece.split(/[\s'-]+/).map((word) => (isTerm(word) ? word : undefined));
    return words.flatMap((word, at) => {
      const next = words[at + 1];
      if (word === undefined) return [];
      return next === undefined ? [word] : [word, `${word} ${next}`];
    });
  });
}

function isTerm(word: string): boolean {
  return word.length >= 3 && !functionWords.has(word) && /\p{Letter}/u.test(word);
}

/** The heaviest terms of a text against the titles of a corpus; among equals those that come first. */
export function keyTerms(text: string, titles: readonly string[], most: number): KeyTerm[] {
  const counts = new Map<string, number>();
  for (const term of termsOf(text)) counts.set(term, (counts.get(term) ?? 0) + 1);
  const inTitles = new Map<string, number>();
  for (const title of titles) {
    for (const term of new Set(termsOf(title))) inTitles.set(term, (inTitles.get(term) ?? 0) + 1);
  }
  const raw = Array.from(counts, ([term, count]) => {
    const rarity = 1 + Math.log((1 + titles.length) / (1 + (inTitles.get(term) ?? 0)));
    return { term, weight: count * rarity };
  });
  const length = Math.sqrt(raw.reduce((sum, { weight }) => sum + weight ** 2, 0));
  raw.sort((a, b) => b.weight - a.weight);
  return raw.slice(0, most).map(({ term, weight }) => ({ term, weight: weight / length }));
}
