/**
 * Quirks that several authors' scripts share, by name. A suite lists those that its own authors' script has, with what
 * they do there.
 */

/** The script asks the judge about an empty caption like about any other; by default such a caption scores 0. */
export const JUDGE_EMPTY = 'judgeEmpty';

/** AutoDQ's scripts keep every unit that the judge lists; by default blanks, repetitions and endless lists do not. */
export const UNITS_AS_LISTED = 'unitsAsListed';

/** What the two do in AutoDQ: DREAM-1K's events, CaReBench's actions and objects. */
export const AUTODQ_QUIRKS = {
  [JUDGE_EMPTY]:
    'an empty caption is judged like any other: its recall is asked and its precision is 1, since it claims nothing ' +
    '(default: it scores 0)',
  [UNITS_AS_LISTED]:
    'units that the judge lists count as they are, repeated, blank, of any number and length (default: blanks and ' +
    'repetitions do not count, and a list of more than 50 units or with one of more than 300 characters is asked for ' +
    'again)',
} as const;
