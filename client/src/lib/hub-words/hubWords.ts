/** What the hub says most often, in the language of the app. */
import type { HubTextCode, HubTextValues } from '@potluck/api/hub-texts';
import { deviceLogWords } from './deviceLogWords.ts';
import { saidWords } from './saidWords.ts';

/** One for each of `hubTexts`, in the same words. What does not look like a text says that it is one. */
export const hubWords: { [Code in HubTextCode]: (values: HubTextValues<Code>) => string } = {
  ...saidWords,
  ...deviceLogWords,
  'nobody-joined': ({ needed }) => `it needs ${needed} and no device is connected`,
  'nobody-can-run': ({ needed }) => `it needs ${needed}, and no device that has joined can run it`,
  'too-few-layers': ({ layers, parts }) => `it has too few layers for ${parts} parts: ${layers}`,
  'not-enough-memory': ({ needed, offers }) => `it needs ${needed}, ${offers}`,
  'not-enough-memory-in-parts': ({ needed, parts, offers }) =>
    `it needs ${needed} in ${parts} parts, ${offers}`,
  offers: ({ rooms }) => `devices offer ${rooms}`,
  'many-offers': ({ count, all, most }) => `${count} devices offer ${all} in total, ${most} at most each`,
  'no-split': ({ offers, room }) =>
    /* @wc-include */ `${offers} (but no split of the layers fits; with ${room} on each device, one would)`,
  'waits-for-nodes': ({ count, names }) => `waiting for ${count} of its nodes: ${names}`,
  'order-too-small': ({ needed, items }) =>
    `it needs ${needed} in this order of devices; ${items} that is not reserved`,
  'has-room': ({ device, room }) => `${device} has ${room}`,
  'device-too-small': ({ device, needed, room }) =>
    `${device} needs ${needed} and has ${room} that is not reserved`,
  'waits-for-worker': ({ count }) => `waiting for ${count} local worker to start`,
  'waits-for-workers': ({ count }) => `waiting for ${count} local workers to start`,
  'waits-for-caches': ({ names }) => `it waits until the caches of ${names} have given room back`,
  'room-is-kept': ({ items }) => `until then ${items} stays reserved for it`,
  'rooms-are-kept': ({ items }) => `until then ${items} stay reserved for it`,
  'room-at': ({ room, device }) => `${room} at ${device}`,
  more: ({ count }) => `and ${count} more`,
  'is-leaving': ({ device }) => `${device} is leaving`,
  'is-paused': ({ device }) => `${device} is paused`,
  'is-draining': ({ device }) => `${device} is draining`,
  'is-drained': ({ device }) => `${device} is drained`,
  'waits-for-approval': ({ device }) => `${device} waits for approval`,
  'has-replica': ({ device }) => `${device} has another replica`,
  'has-failed': ({ device, reason }) => `${device} failed (${reason})`,
  'no-float16': ({ device }) =>
    `${device} can’t compute in 16-bit numbers, as this model does (a variant without f16 runs there)`,
  'fits-nowhere-yet': ({ needed }) => `needs about ${needed}; no device takes layers now`,
  'fits-on-one': ({ needed }) => `needs about ${needed}; one node has room`,
  'fits-together': ({ needed, room }) => `needs about ${needed}; split over nodes with ${room} together`,
  'fits-on-one-later': ({ needed }) =>
    `needs about ${needed}; one node has room once caches of other models shrink`,
  'fits-together-later': ({ needed, room }) =>
    `needs about ${needed}; split over nodes with ${room} together, once caches of other models shrink`,
  'does-not-fit': ({ needed, room }) =>
    `needs about ${needed}; the nodes have ${room} that is free or that caches can give back`,
  'no-device-alone': ({ needed }) => `no device alone has room for ${needed}`,
  'slow-ones-left-out': ({ names }) => `left out, since they would slow it down: ${names}`,
  'counts-as-slow': ({ device, reason }) => `${device} counts as slow: ${reason}`,
  'tab-is-hidden': () => 'its tab is hidden',
  'tab-is-stopped-soon': () => 'its browser is about to stop its tab',
  'through-the-hub': ({ device, other }) => `${device} reaches ${other} through the hub only`,
  'layers-go-to': ({ range, device }) => /* @wc-include */ `${range} to ${device}`,
  'other-stages-stay': () => 'the other stages stay where they are',
  'caches-give-back': ({ model, device, room }) => `caches of ${model} at ${device} give ${room} back`,
  'too-many-parts': ({ parts, layers }) => `The model has too few layers for ${parts} parts: ${layers}.`,
  'no-certificate-inside': () => 'The certificate holds no certificate; it takes a PEM file, chain included.',
  'no-key-inside': () =>
    'The key holds no private key that can be read; it takes a PEM file without a passphrase.',
  'no-such-invite': () =>
    'This hub has no such invite. Open or copy the whole link again. A code works for a day at most.',
  'invite-ended': () => 'This invite has ended. Ask the person who runs the hub for another one.',
  'invite-taken-back': () => 'This invite was taken back. Ask the person who runs the hub for another one.',
  'invite-used-up': () =>
    'This invite was used as often as it may be. Ask the person who runs the hub for another one.',
  'computing-at': ({ device, spent, milliseconds }) =>
    `computing at ${device}: ${spent} of the ${milliseconds} ms of each token`,
  'way-between': ({ spent, milliseconds, device, other }) =>
    `the way between devices: ${spent} of the ${milliseconds} ms of each token, most of it from ${device} to ${other}`,
  'way-through-the-hub': ({ spent, milliseconds, device, other }) =>
    `the way between devices: ${spent} of the ${milliseconds} ms of each token, most of it from ${device} to ${other}, through the hub`,
  'port-open': ({ port }) => `port ${port} is open`,
  'refuses-connections': ({ host, port, own }) =>
    `${host} refuses connections at port ${port}: is a worker with \`--listen ${own}\` running there, and does its firewall allow the port?`,
  'no-machine-called': ({ host }) =>
    `the hub finds no machine called ${host}: check the name, or give its address`,
  'did-not-answer': ({ host, port }) =>
    `${host} did not answer at port ${port}: is it switched on and in this network, and does its firewall allow the port?`,
  'no-way-to': ({ host }) =>
    `there is no way from the hub to ${host}: is it switched on, and in a network that the hub reaches?`,
  'other-token': () => 'the worker has another token: give the one that it was started with (--token)',
  'no-waiting-worker': ({ port, host, own }) =>
    `what answers at port ${port} of ${host} is no waiting worker: start one there with \`worker --listen ${own} --token …\`, or give its port`,
  'nobody-to-connect-to': () => 'nobody else is here to connect to: try again when another worker is',
  'unpacked-at-once': ({ name }) => `Table ${name} is read and unpacked in one step.`,
  'few-positions': ({ name, served, tokens }) =>
    `Table ${name} has ${served} positions, fewer than the context of ${tokens} tokens.`,
  'positions-cut': ({ name, served, tokens }) =>
    `Table ${name} is cut from ${served} to ${tokens} positions, as many as the context has.`,
  'kept-in-8-bits': ({ count }) => `The weights of ${count} multiplications are kept in 8 bits.`,
  'guards-dropped': ({ count }) => `Dropped ${count} guards against fully masked rows, which do not occur.`,
  'last-logits': () => 'The head computes the logits of the last position only.',
  'other-form-left': ({ count }) => `Multiplications of another form that stay as they are: ${count}.`,
  'texts-are-cut': ({ served, tokens }) =>
    `Texts may have ${served} of the model's ${tokens} tokens: longer ones need more memory than is counted for it.`,
  'results-left-out': ({ names }) => `Results that an answer does not need are left out: ${names}.`,
  'last-scores': () =>
    'The last part computes scores for every position, and all but the last position’s are dropped.',
  'one-score': ({ name }) => `Input ${name} is fixed at 1: only the last position gets scores.`,
  'needs-gpu': () =>
    'Needs WebGPU or CUDA: its attention normalises queries and keys itself. Another variant runs anywhere.',
  'four-bits': () => /* @wc-include */ '4-bit weights',
  'tiny-and-quick': () => 'Tiny and quick: short questions in English, on any device.',
  'small-in-english': () => 'Small: simple questions and rewriting in English.',
  'small-in-many-languages': () => 'Small, in many languages.',
  'small-and-thinks': () => 'Small, in many languages; can think before it answers.',
  'better-in-english': () => 'Better answers in English, for one good laptop or two.',
  'good-and-thinks': () => 'Good answers in many languages; thinks before it answers. For several devices.',
  'hub-starts': () => 'the hub is starting',
  'being-cut': () => 'stages are being cut',
  'is-loading': () => 'it is loading',
  'waits-for-former': () => 'waiting for the nodes that served it before the hub was started again',
  'stage-under-way': ({ device, range, state }) => /* @wc-include */ `${device} (${range}) is ${state}`,
  'stage-under-way-because': ({ device, range, state, reason }) =>
    /* @wc-include */ `${device} (${range}) is ${state}: ${reason}`,
  'one-layer': ({ first }) => /* @wc-include */ `layer ${first}`,
  'some-layers': ({ first, last }) => /* @wc-include */ `layers ${first} to ${last}`,
  assigned: () => /* @wc-include */ 'assigned',
  downloading: () => /* @wc-include */ 'downloading',
  preparing: () => /* @wc-include */ 'preparing',
  connecting: () => /* @wc-include */ 'connecting',
  'with-share': ({ state, percent }) => /* @wc-include */ `${state} ${percent} %`,
  'no-progress': ({ milliseconds }) => `no progress for ${milliseconds} ms`,
  moves: () => 'it moves to other devices',
  'moves-because': ({ reason }) => `it is moving to other devices (${reason})`,
  'loading-pays': ({ room, tokens }) =>
    /* @wc-include */ `the move has to load ${room} first and pays off after ${tokens} tokens`,
  'move-pays': ({ tokens }) =>
    /* @wc-include */ `nothing has to be loaded for the move, and it pays off after ${tokens} tokens`,
  'answers-end-first': ({ reason }) => `running answers end first: ${reason}`,
  'plan-changed': () => 'its plan was changed',
  'short-context': ({ served, own, device }) =>
    `conversations may have ${served} of the model’s ${own} tokens, since ${device} has no memory for longer ones`,
  'parts-at-one-device': ({ parts }) =>
    /* @wc-include */ `${parts} parts run on one device until others with room for a part join`,
  'parts-at-devices': ({ parts, count }) =>
    /* @wc-include */ `${parts} parts run on ${count} devices until others with room for a part join`,
  'leaves-soon': () => 'leaves when its answers have ended',
  'holds-layers': ({ range, model }) => `holds ${range} of ${model}, in case another device is lost`,
  'loads-layers': ({ range, model }) => `loads ${range} of ${model}, in case another device is lost`,
  'loads-to-serve': ({ range, model }) => `loads ${range} of ${model}, which is moving here`,
  disconnected: ({ device }) => `${device} disconnected`,
  'left-because': ({ device, reason }) => `${device} left: ${reason}`,
  'device-failed': ({ device, reason }) => `worker ${device} failed: ${reason}`,
  'connection-closed': () => 'its connection closed',
  'has-left': () => 'it left',
  'page-left': () => 'its page was left',
  'was-silent': ({ milliseconds }) => `nothing was heard from it for ${milliseconds} ms`,
  'hub-shuts-down': () => 'the hub is shutting down',
  'connected-again': () => 'it connected again',
  'wrong-token': () => 'the join token is wrong, expired or revoked; ask who runs the hub for a new one',
  'takes-no-devices': () => 'this hub takes no new devices at the moment; ask the person who runs the hub',
  'not-running-yet': ({ model, reason }) => `${model} isn't running yet: ${reason}.`,
  'stopped-here': ({ reason }) => `${reason}, so the answer stopped here.`,
  'not-continued': ({ sentence, seconds }) =>
    /* @wc-include */ `${sentence} No other device could continue within ${seconds} s.`,
  'not-continued-because': ({ sentence, seconds, reason }) =>
    /* @wc-include */ `${sentence} No other device could continue within ${seconds} s: ${reason}.`,
  'was-replaced': ({ model }) =>
    `${model} was replaced by other files, so the answer stopped here. Ask again.`,
  'was-undeployed': ({ model }) =>
    `${model} was undeployed, so the answer stopped here. Choose another model.`,
  'hub-stopped': () => 'The hub stopped before the answer was complete.',
  'hub-stops': () => 'The hub is about to stop and takes no new requests. Ask again soon.',
  'hub-restarted': () => 'The hub was started again before the answer was complete.',
  'device-silent': ({ device, seconds }) =>
    `${device} stopped responding for ${seconds} s. Try again: the model moves to other devices where there are some.`,
  'devices-silent': ({ names, seconds }) => `${names} did not respond for ${seconds} s. Try again.`,
  'many-wait': ({ next, seconds }) =>
    `The queue is full: this request would be number ${next} in it. Ask again in ${seconds} seconds.`,
  'yours-wait': ({ own, next, seconds }) =>
    `The queue is full: this request would be number ${next} in it (yours before it: ${own}). Ask again in ${seconds} seconds.`,
  'many-wait-for-devices': ({ next, seconds }) =>
    `The queue for devices in the place of lost ones is full: this request would be number ${next} in it. Ask again in ${seconds} seconds.`,
  'yours-wait-for-devices': ({ own, next, seconds }) =>
    `The queue for devices in the place of lost ones is full: this request would be number ${next} in it (yours before it: ${own}). Ask again in ${seconds} seconds.`,
  'context-exceeded': ({ tokens, requested }) =>
    `This model's maximum context length is ${tokens} tokens. However, you requested ${requested}. Please reduce the length of the messages.`,
  'unknown-model': ({ model, hint }) => `The model '${model}' does not exist here; ${hint}.`,
  'model-not-deployed': ({ model }) =>
    `The model '${model}' is not deployed. Deploy it on the models page, or let requests deploy models.`,
  'others-are-deployed': ({ model, quoted }) =>
    `The model '${model}' is not deployed. Deploy it on the models page, or choose one that is: ${quoted}.`,
  'none-deployed': () => 'none is deployed',
  'one-does': ({ quoted }) => `${quoted} does`,
  'several-do': ({ quoted }) => `${quoted} do`,
  'source-unreachable': ({ address, reason }) =>
    `${address} can't be reached (${reason}). Check the connection, set a mirror in the settings, or add a model from a directory.`,
  'source-unreachable-by-proxy': ({ address, host, reason }) =>
    `${address} can't be reached through the proxy ${host} (${reason}). Check the connection, set a mirror in the settings, or add a model from a directory.`,
  'name-not-found': () => 'this name is not found',
  'nothing-answers': () => 'nothing answers there',
  'connection-broke-off': () => 'the connection broke off',
  'hubs-own-token': () => "the hub's own",
  'settings-changed': () => 'The settings were changed meanwhile. Look at them again.',
  'wrong-secret': () => 'That is neither the admin password nor a key of this hub.',
  'measured-in-answers': () => /* @wc-include */ 'measured in answers',
  'measured-when-tried': () => /* @wc-include */ 'measured when its layers were tried',
  'from-answers': ({ model }) => /* @wc-include */ `from what it did with ${model} in answers`,
  'from-trial': ({ model }) => /* @wc-include */ `from what it did with ${model} when its layers were tried`,
  'processor-reads': ({ room }) => /* @wc-include */ `a processor reads about ${room} of weights a second`,
  'browser-reads': ({ room }) =>
    /* @wc-include */ `a browser without GPU reads about ${room} of weights a second`,
  'browser-gpu-reads': ({ room }) =>
    /* @wc-include */ `a browser’s GPU reads about ${room} of weights a second`,
  'cuda-reads': ({ room }) => /* @wc-include */ `a CUDA GPU reads about ${room} of weights a second`,
  'software-gpu-reads': ({ room }) =>
    /* @wc-include */ `a GPU in software reads about ${room} of weights a second`,
  'slowed-while-hidden': ({ times }) => /* @wc-include */ `${times} times as long, since its tab is hidden`,
  'slowed-while-frozen': ({ times }) => /* @wc-include */ `${times} times as long, since its tab is frozen`,
  'direct-in-answers': () => /* @wc-include */ 'direct, measured in answers',
  'relayed-in-answers': () => /* @wc-include */ 'through the hub, measured in answers',
  'usual-link': ({ milliseconds }) => /* @wc-include */ `a usual link has a round trip of ${milliseconds} ms`,
  'usual-relay': ({ milliseconds }) =>
    /* @wc-include */ `a way through the hub has a round trip of ${milliseconds} ms`,
  'direct-round-trip': ({ milliseconds }) => /* @wc-include */ `direct, round trip ${milliseconds} ms`,
  'relayed-round-trip': ({ milliseconds }) =>
    /* @wc-include */ `through the hub, round trip ${milliseconds} ms`,
  'slows-down': ({ device, other, spent, milliseconds }) =>
    /* @wc-include */ `${device} slows it down most: with its layers at ${other}, a token would take ${spent} ms instead of ${milliseconds} ms`,
  'slows-down-by-guess': ({ device, other, spent, milliseconds }) =>
    /* @wc-include */ `${device} slows it down most: with its layers at ${other}, a token would, by a guess, take ${spent} ms instead of ${milliseconds} ms`,
  'no-room-for-them': ({ sentence, other }) =>
    /* @wc-include */ `${sentence}, but ${other} has no room for them`,
  'times-as-slow': ({ device, times }) => /* @wc-include */ `${device} (${times} times as slow)`,
  'times-as-slow-because': ({ device, times, reason }) =>
    /* @wc-include */ `${device} (${times} times as slow: ${reason})`,
  'needs-other-device': ({ device, reason }) =>
    /* @wc-include */ `${device} can’t run this variant, which needs ${reason} (take another variant of the model, made for processors)`,
  'webgpu-or-cuda': () => 'WebGPU or CUDA',
  'too-little-for-running': ({ device }) =>
    /* @wc-include */ `${device} has too little memory for the conversations that run`,
  'caches-hold': ({ room }) =>
    /* @wc-include */ `caches of other models hold ${room} that is free while they are not used`,
  'layers-missing': ({ first, last }) => `Layers ${first} to ${last} are in no stage.`,
  'layer-missing': ({ first }) => `Layer ${first} is in no stage.`,
  'wrong-key': ({ name }) => `The key is not the key of the certificate, which is that of ${name}.`,
  'certificate-expired': ({ time }) =>
    `The certificate expired on ${time}. Renew it, or leave it out: the hub makes its own.`,
  'certificate-not-yet': ({ time }) =>
    `The certificate is valid from ${time} on only. Check this machine's clock, or use it then.`,
  'certificate-unusable': ({ reason }) => `The certificate can't be used for HTTPS: ${reason}`,
  'certificate-damaged': ({ reason }) => `The certificate is damaged: ${reason}`,
  'older-worker': ({ own, other }) =>
    /* @wc-include */ `the hub speaks protocol ${own}, the worker ${other}: update the worker`,
  'older-hub': ({ own, other }) =>
    /* @wc-include */ `the hub speaks protocol ${own}, the worker ${other}: update the hub`,
  'reload-page': ({ own, other }) =>
    /* @wc-include */ `the hub speaks protocol ${own}, the worker ${other}; reload this page`,
  'hung-up': () =>
    /* @wc-include */ 'the worker hung up in the middle of it: see in its log whether it was stopped or crashed, start it again if so, and try again',
  'hung-up-by': ({ name }) =>
    /* @wc-include */ `the worker hung up in the middle of it (${name}): see in its log whether it was stopped or crashed, start it again if so, and try again`,
  'this-worker': ({ device, name }) => /* @wc-include */ `it is ${device}, with ${name}`,
  'serves-hub': ({ address }) => /* @wc-include */ `it serves the hub at ${address}`,
  'waits-for-hub': ({ address }) => /* @wc-include */ `it waits for the hub at ${address}`,
  'key-was-revoked': () =>
    'This key was revoked. Whoever runs the hub can make another one, in its settings.',
  'key-has-expired': () =>
    'This key has expired. Whoever runs the hub can make another one, in its settings.',
  'no-such-key': () =>
    'This hub has no such key. Whoever runs the hub can make another one, in its settings.',
  'no-key-nor-password': () =>
    'This hub has no such key. There is no admin password yet: it is chosen on the hub’s own machine, in the settings.',
  'on-battery': () => 'paused: it runs on battery',
  'on-metered-network': () => 'paused: its network is metered',
  'nobody-looks': () => 'paused: its tab is in the background',
  'worker-stopped': () => 'the worker was stopped',
  'hub-silent': ({ milliseconds }) => `nothing was heard from the hub for ${milliseconds} ms`,
  'hub-connection-closed': () => 'the connection to the hub closed',
  'hub-connection-failed': () => 'the connection failed',
  'waits-for-neighbours': () => 'waits for a connection to its neighbours',
  'was-released': () => 'the stage was released',
  'no-webrtc': () => 'this worker has no WebRTC',
  'relay-wanted': () => 'the hub asks for the relay',
  'no-direct-connection': ({ milliseconds }) => `no direct connection within ${milliseconds} ms`,
  'connection-lost': () => 'the connection was lost',
  'no-webgpu': () => 'This browser has no WebGPU.',
  'no-webgpu-advice': () =>
    'The processor is used. A current Chrome, Edge, Firefox or Safari would use the GPU.',
  'plain-http': () => 'Browsers give pages on plain http no GPU.',
  'plain-http-advice': () => 'Open this page over https to use it; until then the processor is used.',
  'no-gpu': () => 'The browser has WebGPU, but no GPU that it would use.',
  'no-gpu-advice': () =>
    'Check that hardware acceleration is on in its settings; until then the processor is used.',
  'token-missing': () => 'A join token is missing.',
  'token-missing-advice': () =>
    'Open the join link that the hub shows, which carries the token, or enter the token below.',
  'not-taken': ({ reason }) => `The hub does not take this tab: ${reason}.`,
  'was-removed': ({ reason }) => `This device was removed from the hub: ${reason}.`,
  'removed-advice': () => 'It may join again.',
  'token-wrong-advice': () => 'Open a fresh join link of the hub, or enter another token below.',
  'banned-advice': () => 'Whoever runs the hub can let this device join again, on the page “Nodes”.',
  'old-version-advice': () => 'Load this page again: it then has the version of the hub.',
};
