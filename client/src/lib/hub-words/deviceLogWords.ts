/** What devices note in the log of their page, in the language of the app. */
import type { deviceLogTexts, HubTextValues } from '@potluck/api/hub-texts';

/** One for each of `deviceLogTexts`, in the same words. What does not look like a text says that it is one. */
export const deviceLogWords: {
  [Code in keyof typeof deviceLogTexts]: (values: HubTextValues<Code>) => string;
} = {
  'note-no-hello': () => /* @wc-include */ 'could not say hello to the hub',
  'note-message-refused': () => /* @wc-include */ 'refused a message from the hub',
  'note-message-failed': () => /* @wc-include */ 'could not handle a message of the hub',
  'note-refused-now': ({ reason }) => /* @wc-include */ `the hub refuses for now: ${reason}`,
  'note-refused': ({ reason }) => /* @wc-include */ `the hub refuses this worker: ${reason}`,
  'note-room-not-changed': () => /* @wc-include */ 'could not change the room for caches',
  'note-not-unloaded': () => /* @wc-include */ 'could not unload a stage',
  'note-text-not-encoded': ({ reason }) => /* @wc-include */ `a text was not encoded: ${reason}`,
  'note-no-signalling': () => /* @wc-include */ 'could not join the signalling',
  'note-relayed-refused': () => /* @wc-include */ 'refused a relayed message',
  'note-no-pong': ({ count }) => /* @wc-include */ `no answer to ${count} pings`,
  'note-slice-refused': () => /* @wc-include */ 'refused a slice of a peer',
  'note-frame-refused': () => /* @wc-include */ 'refused a frame of a peer',
  'note-frame-astray': () => /* @wc-include */ 'dropped a frame for a stage that is not here',
  'note-frame-from-other': () =>
    /* @wc-include */ 'dropped a frame of a worker that is not the one before this stage',
  'note-cache-not-released': () => /* @wc-include */ 'could not release a cache',
  'note-cache-not-kept': () => /* @wc-include */ 'could not keep a cache',
  'note-cache-not-shared': () => /* @wc-include */ 'could not begin with another cache',
  'note-opened-before': () => /* @wc-include */ 'refused to open a session that was opened before',
  'note-session-failed': ({ reason }) => /* @wc-include */ `session failed: ${reason}`,
  'note-kept-damaged': ({ range, model }) =>
    /* @wc-include */ `the kept weights of ${range} of ${model} are damaged; fetching them again`,
  'note-came-damaged': ({ range, model }) =>
    /* @wc-include */ `the weights of ${range} of ${model} arrived damaged; fetching them again`,
  'note-loads-from-memory': () => /* @wc-include */ 'storage is full; the weights are loaded from memory',
  'note-keeps-in-memory': () => /* @wc-include */ 'storage is full; keeping the blob in memory',
  'note-made-room': () => /* @wc-include */ 'storage is full; removed weights that no stage here needs',
  'note-not-compared': () => /* @wc-include */ 'the stage could not be compared with a known answer',
  'note-test-passed': () =>
    /* @wc-include */ 'the device passed its test: it computes what the processor does',
  'note-gpu-not-used': ({ reason }) => /* @wc-include */ `the GPU is not used: ${reason}`,
  'note-stores-nothing': () =>
    /* @wc-include */ 'this browser stores nothing for the page; weights stay in memory',
  'note-weights-stay': () =>
    /* @wc-include */ 'weights of layers that tabs of this browser serve now are not forgotten',
  'no-welcome': ({ milliseconds }) => /* @wc-include */ `no welcome within ${milliseconds} ms`,
  'other-hub-leads': () => /* @wc-include */ 'this hub is silent, and another one leads',
  'other-takes-over': () => /* @wc-include */ 'another hub takes over',
  'this-hub-stops': () => /* @wc-include */ 'this hub stops',
  'no-hello': ({ milliseconds }) => /* @wc-include */ `no hello came within ${milliseconds} ms`,
  'too-many-strangers': () =>
    /* @wc-include */ 'too many connections from this address have not said hello yet',
  'id-is-taken': ({ name }) =>
    /* @wc-include */ `another running worker has the id ${name}; give this one a data folder of its own`,
  'no-progress-while': ({ milliseconds, state }) =>
    /* @wc-include */ `no progress for ${milliseconds} ms while ${state}`,
  'not-ready-here': () => /* @wc-include */ 'the stage is not ready here',
  'hub-is-gone': () => /* @wc-include */ 'the hub is gone',
  'hub-away-too-long': () => /* @wc-include */ 'the hub has been away for too long',
  'no-connection': () => /* @wc-include */ 'there is no connection',
  'no-such-stage': () => /* @wc-include */ 'the pipeline has no such stage',
  'no-boundary': () => /* @wc-include */ 'the stage returned no boundary',
  'no-token-drawn': () => /* @wc-include */ 'the stage drew no token',
  'session-not-open': () => /* @wc-include */ 'the session is not open here',
  'later-epoch': ({ count }) => /* @wc-include */ `the pipeline is in epoch ${count}`,
  'no-room-for-tokens': ({ count, first, limit }) =>
    /* @wc-include */ `${count} tokens at ${first} do not fit into the ${limit} reserved`,
  'took-too-long': () => /* @wc-include */ 'it took too long',
  'closed-before-open': () => /* @wc-include */ 'the connection was closed before it was open',
  'link-not-wanted': () => /* @wc-include */ 'the link is not wanted',
  'no-longer-wanted': () => /* @wc-include */ 'no longer wanted',
  'link-is-needed': () => /* @wc-include */ 'the link is needed',
  'too-many-peers': ({ count }) => /* @wc-include */ `more than ${count} peers`,
  'peerjs-made-none': () => /* @wc-include */ 'PeerJS made no connection',
  'signalling-away': () => /* @wc-include */ 'the signalling server is not connected',
  'channel-takes-nothing': () => /* @wc-include */ 'the data channel does not take what is sent',
  'peer-sent-text': () => /* @wc-include */ 'the peer sent text on the activations channel',
  'peer-sent-too-early': () => /* @wc-include */ 'the peer sent too much before this end was open',
  'slice-too-long': () => /* @wc-include */ 'the slice is too long',
  'no-webgpu-here': () => /* @wc-include */ 'this browser offers no WebGPU here',
  'no-gpu-to-give': () => /* @wc-include */ 'the browser has no GPU to give',
  'engine-not-started': () => /* @wc-include */ 'the engine was not started',
  'engine-closed': () => /* @wc-include */ 'the engine was closed',
  'grammar-not-loaded': ({ reason }) =>
    /* @wc-include */ `the grammar engine could not be loaded (${reason})`,
  'worker-not-started': ({ reason }) => /* @wc-include */ `the worker could not be started: ${reason}`,
  'script-not-loaded': () => /* @wc-include */ 'its script could not be loaded',
  'says-no-reason': () => /* @wc-include */ 'it does not say why',
  'wrong-answers': ({ reason }) => /* @wc-include */ `it computes wrong answers (${reason})`,
  'cant-be-used': ({ model, reason }) =>
    /* @wc-include */ `this device can't be used for ${model}: ${reason}`,
  'not-in-memory': () => /* @wc-include */ 'the stage is not in memory',
  'weights-outside': ({ name }) => /* @wc-include */ `weights ${name} lie outside of the stage's packs`,
  'came-damaged-twice': ({ range, model }) =>
    /* @wc-include */ `the weights of ${range} of ${model} arrived damaged twice: the hub's copy is damaged, too; add the model again`,
  'damaged-again': ({ range, model }) =>
    /* @wc-include */ `the weights of ${range} of ${model} are damaged again right after they were fetched: check this machine's disk`,
  'blob-stopped': ({ range, model, first, last, reason }) =>
    /* @wc-include */ `the weights of ${range} of ${model} stopped at ${first} of ${last} bytes: ${reason}`,
  'hub-answers-for': ({ port, range, model }) =>
    /* @wc-include */ `the hub answers ${port} for the weights of ${range} of ${model}`,
  'hub-answers': ({ port }) => /* @wc-include */ `the hub answers ${port}`,
  'hub-sends-more': ({ count, range, model }) =>
    /* @wc-include */ `the hub sends more than the ${count} bytes of the weights of ${range} of ${model}`,
  'ended-early': () => /* @wc-include */ 'the connection ended early',
  'no-storage-for': ({ count, limit }) => /* @wc-include */ `no room for ${count} more bytes in ${limit}`,
};
