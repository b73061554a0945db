/** The settings of a hub that is one of several. */
import { flag, secretFlag, wholeNumber } from '@potluck/command-line';
import { InvalidArgumentError, type Option } from 'commander';
import { isRedisUrl } from '../lead/redisUrl.ts';

export function sharedOptions(): Option[] {
  return [
    secretFlag(
      '--redis-url <url>',
      'Redis by which several hubs serve one grid, such as redis://:PASSWORD@redis:6379; they share --data, too',
    ).argParser(redisUrl),
    flag(
      '--hub-address <url>',
      "URL at which those other hubs reach this one (default: this machine's address and --port)",
    ).argParser(hubAddress),
    flag('--lease-seconds <seconds>', 'how long a leading hub that says nothing keeps the lead')
      .default(3)
      .argParser(wholeNumber(1, 60)),
  ];
}

function redisUrl(text: string): string {
  if (isRedisUrl(text)) return text;
  throw new InvalidArgumentError('It takes such as redis://redis:6379, or rediss://… for TLS.');
}

function hubAddress(text: string): string {
  const url = URL.parse(text);
  const isPlain = url?.protocol === 'http:' && url.pathname === '/' && url.search === '' && url.hash === '';
  if (isPlain && url.username === '') return url.origin;
  throw new InvalidArgumentError('It takes such as http://10.0.0.5:8000: hubs ask each other by plain HTTP.');
}
