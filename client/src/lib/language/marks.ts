/** What stands between parts of a line: Chinese has marks of its own, with no space behind them. */
import { language } from './language.ts';

const isChinese = language === 'zh';
export const comma = isChinese ? '，' : ', ';
export const semicolon = isChinese ? '；' : '; ';
export const colon = isChinese ? '：' : ': ';
