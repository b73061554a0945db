import { afterEach, expect, test, vi } from 'vitest';
import { readConfig } from './config.ts';

afterEach(() => void vi.unstubAllEnvs());
const read = (...argv: string[]): ReturnType<typeof readConfig> => readConfig(argv, process.env);

test('without flags the hub listens on 8000 with one local worker and the built-in model', () => {
  expect(read()).toEqual({
    port: 8000,
    data: '.potluck',
    model: 'minimind2-small',
    modelGiven: false,
    localWorkers: 1,
    clientWait: 600,
    deviceWait: 60,
    leaseSeconds: 3,
    stopWait: 10,
    forceRelay: false,
    logLevel: 'info',
    logFileSize: 10_000_000,
    logFiles: 5,
  });
});

test('each flag is read, and a flag wins over its environment variable', () => {
  vi.stubEnv('POTLUCK_PORT', '9000');
  vi.stubEnv('POTLUCK_LOCAL_WORKERS', '3');
  vi.stubEnv('POTLUCK_FORCE_RELAY', 'true');
  vi.stubEnv('POTLUCK_MODEL', '');
  expect(read('--port', '0', '--worker-memory', '1.5GiB', '--stages', '2')).toMatchObject({
    port: 0,
    localWorkers: 3,
    forceRelay: true,
    stages: 2,
    workerMemoryBytes: 1.5 * 2 ** 30,
    model: 'minimind2-small',
    modelGiven: false,
  });
});

test.each([
  [['--port', '70000'], /--port.*from 0 to 65535/],
  [['--stages', '0'], /--stages.*from 1 to 256/],
  [['--worker-memory', 'much'], /--worker-memory.*such as 2GB/],
  [['--join-token', 'short'], /--join-token.*8 to 500/],
  [['--log-level', 'loud'], /--log-level.*debug/],
  [['--https-port', 'none'], /--https-port.*from 0 to 65535, or off/],
  [['--certificate', 'chain.pem'], /--certificate and --certificate-key are given together/],
  [['--https-port', 'off', '--certificate', 'a', '--certificate-key', 'b'], /Leave one of them out/],
  [['--addresses', 'ftp://hub.local'], /--addresses.*is no address.*hub.example.org/],
  [['--stun-port', '-1'], /--stun-port/],
  [['--turn', 'stun:turn.example.org'], /--turn.*no TURN server.*turn:turn\.example\.org:3478/],
  [['--turn', 'turn:turn.example.org'], /--turn needs --turn-username and --turn-credential/],
  [['--turn-username', 'me', '--turn-credential', 'secret'], /of no use without --turn/],
  [
    ['--model-directory', import.meta.dirname, '/nowhere/models'],
    /--model-directory.*none at '\/nowhere\/models'/,
  ],
  [['--unknown'], /unknown option '--unknown'/],
  [['extra'], /too many arguments/],
])('%j is refused with what it takes', (argv, message) => {
  expect(() => read(...argv)).toThrow(message);
});

test('who chooses a graph means that of the usual model', () => {
  expect(read('--variant', 'model_q4')).toMatchObject({ model: 'minimind2-small', modelGiven: true });
});

test('the network is described by names, ports and TURN servers', () => {
  vi.stubEnv('POTLUCK_TURN_CREDENTIAL', 'secret');
  const turn = ['turn:turn.example.org:3478', 'turns:[fd00::7]:443?transport=tcp'];
  expect(
    read(
      ...['--https-port', 'off', '--stun-port', '0', '--addresses', 'Hub.example.org, [fd00::2],10.0.0.7'],
      ...['--turn', turn.join(','), '--turn-username', 'me'],
    ),
  ).toMatchObject({
    httpsPort: 'off',
    stunPort: 0,
    addresses: ['hub.example.org', 'fd00::2', '10.0.0.7'],
    turn,
    turnUsername: 'me',
    turnCredential: 'secret',
  });
});
