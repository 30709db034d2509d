/** A series of a scrape: its labels, among them the metric's name. */
export type Series = Record<string, string>;

interface Matcher {
  label: string;
  operator: string;
  value: string;
}

/** What a PromQL expression selects by, the metric's name first or among it, and the labels that it groups by. */
export interface Selector {
  matchers: Matcher[];
  groupedBy: string[];
}

const NAME = '__name__';
const LABEL = /([a-z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/gi;
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset']);

/** The series of a scrape, in Prometheus' text format. */
export function seriesOf(scrape: string): Series[] {
  return scrape.split('\n').flatMap((line) => {
    const [, name, labels = ''] = /^([a-z_:][\w:]*)(\{.*\})? \S+/i.exec(line) ?? [];
    if (name === undefined) return [];
    return [
      Object.fromEntries([[NAME, name], ...[...labels.matchAll(LABEL)].map(([, key, , value]) => [key!, value!])]),
    ];
  });
}

/** What an expression reads. It knows no more of PromQL than dashboards need: no subqueries, no offsets. */
export function selectorsOf(expression: string): Selector[] {
  const groupedBy = [...expression.matchAll(GROUPING)].flatMap(([, labels = '']) =>
    labels.split(',').flatMap((label) => label.trim() || []),
  );
  const bare = expression.replaceAll(GROUPING, ' ').replaceAll(/\[[^\]]*\]/g, ' ');
  const found = bare.matchAll(/(?<![\w.$"])(?:([a-z_:][\w:]*)\s*(\{[^}]*\})?(?!\w|\s*\()|(\{[^}]*__name__[^}]*\}))/gi);
  return [...found]
    .filter(([, name]) => !WORDS.has(name ?? ''))
    .map(([, name, braces = '', nameless = '']) => ({
      matchers: [
        ...(name === undefined ? [] : [{ label: NAME, operator: '=', value: name }]),
        ...[...`${braces}${nameless}`.matchAll(LABEL)].map(([, label, operator, value]) => ({
          ...{ label: label!, operator: operator!, value: value! },
        })),
      ],
      groupedBy,
    }));
}

/** Why a scrape does not have what an expression reads; nothing where it has. */
export function missing({ matchers, groupedBy }: Selector, scrape: readonly Series[]): string | undefined {
  const of = matchers.find(({ label }) => label === NAME)!;
  const named = scrape.filter((series) => isMatched(series, of));
  if (named.length === 0) return `no metric ${of.value}`;
  const lacking = [...matchers.map(({ label }) => label), ...groupedBy].find(
    (label) => !named.some((series) => label in series),
  );
  if (lacking !== undefined) return `${of.value} has no label ${lacking}`;
  if (named.some((series) => matchers.every((matcher) => isMatched(series, matcher)))) return undefined;
  return `no series of ${of.value} with ${JSON.stringify(matchers)}`;
}

function isMatched(series: Series, { label, operator, value }: Matcher): boolean {
  const found = series[label] ?? '';
  const isEqual = operator.endsWith('~') ? new RegExp(`^(?:${value})$`).test(found) : found === value;
  return operator.startsWith('!') ? !isEqual : isEqual;
}
