/** What the marks of thinking are called, by the models that write it into their answer. */
const STEMS =
  'think|thought|reason|reflect|analys|scratch|monologue|deliberat|ponder|draft|rationale|cot_|_cot|思考|推理|反思';
/** Characters of such a name. Every quantifier has a limit, so that no answer takes longer than its length explains. */
const LETTER = '[\\w:.▁思考推理反-]';
const NAMED = `(?=${LETTER}{0,60}?(?:${STEMS}))`;
const NAME = `${NAMED}${LETTER}{1,64}(?!${LETTER})`;
/** `<think>`, `[THINK]`, `◁think▷`, `【思考】`, `<|begin_of_thought|>`, `<｜...｜>`, with a slash where they end. */
const MARK = new RegExp(
  `(?:<[|｜]?|&lt;|[[◁【〖⟨«])\\s{0,8}(/?)\\s{0,8}(${NAME})(?:\\s[^<>\\]▷】〗⟩»]{0,40})?\\s{0,8}` +
    '(?:[|｜]?>|&gt;|[\\]▷】〗⟩»])',
  'giu',
);
/** Marks of other words or another form, and what stands for them. */
const OTHER_MARKS: readonly (readonly [RegExp, string])[] = [
  // Gemma's channels and Apertus' inner text.
  [/<\|channel>\s{0,8}final\b|<channel\|>|<\|inner_suffix\|>/g, '</think>'],
  [/<\|channel>|<\|inner_prefix\|>/g, '<think>'],
  // Words that only angle brackets make a mark.
  [/(?:<|&lt;)(\/?)(?:plan|planning|work|workings?)(?:\s[^<>]{0,40})?(?:>|&gt;)/gi, '<$1think>'],
  [new RegExp(`<!--\\s{0,8}(/?)\\s{0,8}${NAMED}[\\w:.▁思考推理反]{1,64}\\s{0,8}-->`, 'giu'), '<$1think>'],
];
/** A comment of thinking, ended or not. */
const COMMENT = new RegExp(`<!--\\s{0,8}${NAMED}.*?(?:-->|$)`, 'gisu');
/** A mark that ends thinking without a slash: `<|END_THINKING|>`, `<|end_of_thought|>`. */
const ENDS = /(?:^|[_:▁])end(?:$|[_:▁])/i;

/** A code fence of thinking, ended or not. */
const FENCE = new RegExp(`^[ \\t]*(\`{3,}|~{3,})[ \\t]*${NAME}[ \\t]*$.*?(?:^[ \\t]*\\1[ \\t]*$|$(?![^]))`, 'gimsu');

/** gpt-oss' channels: only the last one is meant for the reader. */
const CHANNEL =
  /<\|channel\|>\s{0,8}(\w{1,32})(?!\w)[^<]{0,200}(?:<\|constrain\|>\s{0,8}\w{0,32}\s{0,8})?<\|message\|>/g;
/** The same after a server has dropped the marks: `analysisWe need ...assistantfinal{...}`. */
const BARE_CHANNELS = /^\s*analysis(?=[A-Z]|\s*(?:We|I|The user|Let|Need)\b)/;
/** Any text after the channel's name, if the last channel follows. */
const BARE_TO_FINAL = /^\s*analysis.*?assistant\s*final/s;
const BARE_FINAL = /assistant\s*final(?:\s*json)?(?=\s*\S)/g;

/**
 * The text after a model's thinking, since only that is its answer. A chat template may itself open the thinking, so a
 * text with only an end mark begins with thinking; thinking without an end mark leaves no text.
 */
export function afterThinking(text: string): string {
  const marked = OTHER_MARKS.reduce((rest, [mark, usual]) => rest.replace(mark, usual), text);
  return withoutMarked(afterChannels(marked).replace(FENCE, ' ').replace(COMMENT, ' '));
}

/** Whether a text holds thinking, ended or not. */
export function hasThinking(text: string): boolean {
  return afterThinking(text) !== text;
}

function afterChannels(text: string): string {
  const channels = [...text.matchAll(CHANNEL)];
  const last = channels.at(-1);
  if (last) return last[1] === 'final' ? text.slice(last.index + last[0].length) : '';
  if (!BARE_CHANNELS.test(text) && !BARE_TO_FINAL.test(text)) return text;
  const final = [...text.matchAll(BARE_FINAL)].at(-1);
  return final ? text.slice(final.index + final[0].length) : '';
}

function withoutMarked(text: string): string {
  const said: string[] = [];
  let open = false;
  let from = 0;
  for (const [mark, slash, name] of marksIn(text)) {
    const ends = slash === '/' || ENDS.test(name!);
    if (!ends && !open) said.push(text.slice(from, mark.index));
    // What stands before an end without a beginning is thinking too.
    if (ends && !open) said.splice(0);
    open = !ends;
    from = mark.index + mark[0].length;
  }
  if (from === 0) return text;
  return (open ? said : [...said, text.slice(from)]).join(' ');
}

function marksIn(text: string): [RegExpExecArray, string, string][] {
  const marks = [...text.matchAll(MARK)].map((mark): [RegExpExecArray, string, string] => [mark, mark[1]!, mark[2]!]);
  const ended = new Set(marks.filter(([, slash]) => slash === '/').map(([, , name]) => name.toLowerCase()));
  const json = ENDS_WITH_JSON.exec(text)?.index ?? -1;
  return marks.filter(
    ([mark, , name]) =>
      !mark[0].startsWith('[') ||
      name === name.toUpperCase() ||
      ended.has(name.toLowerCase()) ||
      beginsUnended(text, mark, json),
  );
}

/**
 * Whether a bracket in small letters that nothing ends begins thinking which goes on to the end of the text. It does at
 * the beginning of a line, unless an object or a list is the last that is said: then it is a heading, and that the
 * answer. Elsewhere it is a word in brackets, or a link.
 * @param json where the object or list ends with which the text ends; -1 where it ends with none.
 */
function beginsUnended(text: string, { 0: mark, index }: RegExpExecArray, json: number): boolean {
  const end = index + mark.length;
  return beginsLine(text, index) && text[end] !== '(' && json < end;
}

/** Whether nothing but spaces and Markdown's marks, a few of them, stand before a place in its line. */
function beginsLine(text: string, index: number): boolean {
  let at = index - 1;
  while (at > index - 32 && at >= 0 && ' \t>#*_-'.includes(text[at]!)) at--;
  return at < 0 || text[at] === '\n';
}
const ENDS_WITH_JSON = /[}\]]\s*(?:(?:`{3,}|~{3,})\s*)?$/;
