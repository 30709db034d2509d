/** An account that is banned, as servers say it in English. What may happen to it is a warning. */
const ENGLISH = new RegExp(
  '(?<!\\b(?:may|might|could|can|will|would)\\b[^.]{0,40})' +
    '\\b(?:account|organi[sz]ation|api key|project|team|access|billing)\\b' +
    '(?:(?!\\b(?:may|might|could|can|will|would)\\b)[^.]){0,60}?' +
    '\\b(?:flagged|suspended|deactivated|disabled|terminated|banned|restricted)',
  'i',
);

const ACCOUNT = '(?:[账帐][户号]|密钥)';
const STATE = '(?:锁定|封禁|封停|封号|停用|禁用|冻结|停机|注销|审核|欠费|余额不足|违规|违约|实名)';
/** Up to a full stop, without a word of a warning or of the text that was sent. */
const GAP = '(?:(?!可能|将会|将被|或将|内容|输入|文本|提示词)[^。.；;]){0,30}?';
/** In Chinese, in either order. */
const CHINESE = new RegExp(`(?<!(?:可能|将会|或将)[^。]{0,15})(?:${ACCOUNT}${GAP}${STATE}|欠费${GAP}${ACCOUNT})`);

/** Money or a packet of requests that is used up, without a word of an account: Zhipu, DeepSeek, MiniMax. */
const NOTHING_LEFT = /余额不足|余额已用|请充值|欠费|insufficient[ _](?:account[ _])?(?:balance|funds|credits?)/i;

const FOR_A_WHILE = /temporar|\brate\b|requests|too (?:many|frequent)|try again|临时|暂时|频繁|稍后/i;

/** Whether a message is about an account that is banned, locked or not paid for, rather than about a text. */
export function accountAtFault(message: string): boolean {
  return ENGLISH.test(message) || CHINESE.test(message);
}

/** Whether that lasts until a person acts, rather than until fewer requests are sent. */
export function accountLocked(message: string): boolean {
  return accountAtFault(message) && !FOR_A_WHILE.test(message);
}

/** Whether a message says that nothing is left to pay with. */
export function nothingLeft(message: string): boolean {
  return NOTHING_LEFT.test(message) && !FOR_A_WHILE.test(message);
}
