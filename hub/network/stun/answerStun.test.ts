import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answerStun } from './answerStun.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
const plain = bytes('0001 0000 2112a442 b7e7a701bc34d686fa87dfae');
const v4 = { address: '192.0.2.1', port: 32853 };
const v6 = { address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32853 };

/** The sample request of RFC 5769, section 2.1: ICE, with USERNAME, MESSAGE-INTEGRITY and FINGERPRINT. */
const sample = bytes(`
  0001 0058 2112a442 b7e7a701bc34d686fa87dfae
  8022 0010 5354554e207465737420636c69656e74
  0024 0004 6e0001ff
  8029 0008 932ff9b151263b36
  0006 0009 6576746a3a68367659202020
  0008 0014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
  8028 0004 e57a3bcf`);
/** The same without PRIORITY, which belongs to ICE's checks between peers, and without the FINGERPRINT, which then differs. */
const withoutPriority = Buffer.concat([sample.subarray(0, 40), sample.subarray(48, -8)]);
withoutPriority.writeUInt16BE(withoutPriority.length - 20, 2);

test("the sender's address comes back as the sample answers of RFC 5769 have it", () => {
  expect(answerStun(plain, v4)).toEqual(
    bytes('0101 000c 2112a442 b7e7a701bc34d686fa87dfae 0020 0008 0001 a147 e112a643'),
  );
  expect(answerStun(plain, v6)).toEqual(
    bytes('0101 0018 2112a442 b7e7a701bc34d686fa87dfae 0020 0014 0002 a147 0113a9faa5d3f179bc25f4b5bed2b9d9'),
  );
});

test('an IPv4 address that arrives within IPv6 is answered as IPv4, and short IPv6 in full', () => {
  expect(answerStun(plain, { ...v4, address: '::ffff:192.0.2.1' })).toEqual(answerStun(plain, v4));
  const answer = answerStun(plain, { address: 'fe80::1%eth0', port: 1 });
  const unmasked = [...(answer?.subarray(28) ?? [])].map((byte, index) => byte ^ (plain[4 + index] ?? 0));
  expect(Buffer.from(unmasked).toString('hex')).toBe('fe800000000000000000000000000001');
});

test('credentials are passed over; a request that demands what is not known here is refused by name', () => {
  expect(answerStun(withoutPriority, v4)?.readUInt16BE(0)).toBe(0x0101);
  const refused = answerStun(sample, v4);
  expect(refused?.readUInt16BE(0)).toBe(0x0111);
  expect(refused?.subarray(20, 28)).toEqual(bytes('0009 0015 00000414'));
  expect(refused?.subarray(48, 56)).toEqual(bytes('000a 0002 0024 0000'));
});

test('a request with a fingerprint is answered with one, and a wrong one is dropped', () => {
  const answer = answerStun(sample, v4) as Buffer;
  expect(answer.subarray(-8, -4)).toEqual(bytes('8028 0004'));
  // The answer's own fingerprint holds: as a request, it passes the same check.
  const damaged = Buffer.from(sample);
  damaged[30] = 0;
  expect(answerStun(damaged, v4)).toBeUndefined();
});

test.each([
  ['nothing', ''],
  ['a header that is cut', '0001 0000 2112a442 b7e7a701bc34d686fa87df'],
  ['an answer', '0101 0000 2112a442 b7e7a701bc34d686fa87dfae'],
  ['an indication', '0011 0000 2112a442 b7e7a701bc34d686fa87dfae'],
  ['another cookie', '0001 0000 2112a443 b7e7a701bc34d686fa87dfae'],
  ['a length that is not the datagram’s', '0001 0004 2112a442 b7e7a701bc34d686fa87dfae'],
  ['an attribute longer than the message', '0001 0004 2112a442 b7e7a701bc34d686fa87dfae 8022 0001'],
  ['a length that is no multiple of four', '0001 0002 2112a442 b7e7a701bc34d686fa87dfae 8022'],
])('%s is dropped', (_name, hex) => {
  expect(answerStun(bytes(hex), v4)).toBeUndefined();
});

test('no datagram makes it throw, nor answer with much more than it got', () => {
  const anything = fc.uint8Array({ maxLength: 600 });
  const almost = fc.uint8Array({ maxLength: 528 }).map((body) => {
    const whole = Buffer.concat([plain, body.subarray(0, body.length - (body.length % 4))]);
    whole.writeUInt16BE(whole.length - 20, 2);
    return whole;
  });
  fc.assert(
    fc.property(fc.oneof(anything, almost), (datagram) => {
      const answer = answerStun(Buffer.from(datagram), v6);
      return answer === undefined || answer.length <= datagram.length + 44;
    }),
    { numRuns: 3000 },
  );
});
