/** What stands between parts of a line: Chinese has marks of its own, with no space behind them. */
import { language } from './language.ts';

const isChinese = language === 'zh';
/** Words as somebody else wrote them, between the quotation marks of the app's language. */
export const quoted = (words: string): string => (language === 'de' ? `„${words}“` : `“${words}”`);

export const comma = isChinese ? '，' : ', ';
export const semicolon = isChinese ? '；' : '; ';
export const colon = isChinese ? '：' : ': ';
