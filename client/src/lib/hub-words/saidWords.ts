/** What hub and devices say in words of their own code, in the language of the app. */
import type { HubTextValues, saidTexts } from '@potluck/api/hub-texts';

/** One for each of `saidTexts`, in the same words. */
export const saidWords: { [Code in keyof typeof saidTexts]: (values: HubTextValues<Code>) => string } = {
  'hub-cant-connect': ({ host, port, reason }) =>
    /* @wc-include */ `the hub can't connect to ${host} at port ${port} (${reason})`,
  'closed-at-port': ({ host, port }) =>
    /* @wc-include */ `${host} closed the connection at port ${port}: too many wrong tokens were tried (then wait a minute), or it is no waiting worker`,
  'relay-was-forced': () =>
    /* @wc-include */ 'the hub was started with --force-relay, so workers talk through it',
  'answer-not-understood': () =>
    /* @wc-include */ 'the hub does not understand the worker’s answer: they may be of different versions, so update the older one',
  'call-not-understood': () =>
    /* @wc-include */ 'the call was not understood; hub and worker may be of different versions',
  'call-not-known': () =>
    /* @wc-include */ 'this worker does not know that call; it may be of another version',
  'is-just-joining': () =>
    /* @wc-include */ 'this worker is just joining a hub that called; try again in a minute',
  'was-just-stopped': () => /* @wc-include */ 'this worker was just stopped',
  'serves-other-hub': ({ address }) =>
    /* @wc-include */ `this worker serves another hub, at ${address}. Evict it there, or stop it, before it can serve this one`,
  'is-in-hub-already': ({ name }) => /* @wc-include */ `this worker is in the hub already, as ${name}`,
  'not-welcomed': ({ seconds, reason }) =>
    /* @wc-include */ `the hub did not welcome the worker within ${seconds} s: ${reason}`,
  'reaches-hub-at': ({ address }) => /* @wc-include */ `the worker reaches this hub at ${address}`,
  'reaches-hub-nowhere': ({ reason }) =>
    /* @wc-include */ `the worker reaches the hub at none of its addresses (${reason}). A firewall or a router is in between: start the hub with --addresses and a name under which the worker can reach it`,
  'direct-connection-to': ({ name }) => /* @wc-include */ `a direct connection to ${name}`,
  'no-direct-connection-to': ({ name, reason }) =>
    /* @wc-include */ `no direct connection to ${name}: ${reason}. The worker would still serve, through the hub, which is slower. Usually a firewall drops UDP between the two; between networks, give the hub a TURN server`,
  'host-address': () => /* @wc-include */ 'host (its own address)',
  'srflx-address': () => /* @wc-include */ 'srflx (what its router gives it)',
  'prflx-address': () => /* @wc-include */ 'prflx (what the other side sees)',
  'relay-address': () => /* @wc-include */ 'relay (a TURN server)',
  'no-srflx': () =>
    /* @wc-include */ 'no srflx, so it is in the hub’s network, or UDP to the hub’s STUN port is blocked',
  'finds-no-address': () =>
    /* @wc-include */ 'the worker finds no address for connections to others: it has no network that WebRTC can use',
  'no-webrtc-there': ({ reason }) => `WebRTC does not work there: ${reason}`,
  'alias-is-model': ({ name }) =>
    /* @wc-include */ `${name} is the name of a model here. Choose another alias.`,
  'alias-is-taken': ({ name, model }) =>
    /* @wc-include */ `${name} is already used by ${model}. Take it from that model first.`,
  'password-first': () => 'Choose an admin password first, or nobody could log in.',
  'turn-needs-account': () =>
    'TURN servers need a user name and a password: browsers use no TURN server without.',
  'https-is-off': () => 'HTTPS is off (--https-port off), so there is no certificate.',
  'password-is-given': () =>
    'The hub was started with a password (POTLUCK_ADMIN_PASSWORD). Start it with another one.',
  'sign-in-to-change': () => 'Sign in with the admin password before you change it.',
  'current-password-wrong': () => 'The current password is wrong.',
  'first-password-there': () => 'The first password is chosen on the hub’s own machine.',
  'password-wrong': () => 'The password is wrong.',
  'too-many-tries': ({ seconds }) => `Too many wrong tries. Wait ${seconds} s.`,
  'too-many-passwords': () =>
    'Too many passwords are being checked at the moment. Try again in a few seconds.',
  'only-own-pages': () =>
    'Only the hub’s own pages may do this. If a proxy serves them, start the hub with --behind-proxy, or let the proxy pass the Host header on.',
  'own-token-given': () =>
    'The hub was started with its join token. Start the hub with another one (--join-token), or without.',
  'own-token-stays': () => 'The hub’s own token can’t be revoked. Replace it.',
  'hubs-own-key': () => /* @wc-include */ "the hub's own key",
  'hubs-former-token': () => /* @wc-include */ "the hub's own, until it was replaced",
  'still-runs': () => 'It still runs. Cancel it first.',
  'undeploy-first': ({ model }) => /* @wc-include */ `${model} is deployed. Undeploy it first.`,
  'model-not-here': ({ model }) => `There is no model '${model}' here. Add it first.`,
  'not-deployed': ({ model }) => /* @wc-include */ `${model} is not deployed.`,
  'deployed-otherwise': ({ model, name }) =>
    /* @wc-include */ `${model} is deployed with revision ${name}. Look at it again, then send that revision.`,
  'deployed-no-more': ({ model }) =>
    /* @wc-include */ `${model} is not deployed any more. Leave the revision out to deploy it anew.`,
  'built-in-stays': ({ model }) => /* @wc-include */ `${model} comes with the hub and can't be removed.`,
  'no-directory-there': ({ name }) => `There is no directory ${name} on the hub.`,
  'only-from-directories': ({ names }) =>
    `Models may be added from ${names} only (the hub's --model-directory).`,
  'directory-lacks': ({ name, hint, items }) =>
    /* @wc-include */ `${name} has no ${hint}. A model directory holds ${items} and onnx/*.onnx.`,
  'directory-without-decoder': ({ name }) =>
    /* @wc-include */ `${name} holds no decoder as ONNX. Looked for onnx/*.onnx.`,
  'no-such-variant': ({ name, host, names }) =>
    /* @wc-include */ `${name} has no variant '${host}'. It has: ${names}.`,
  'repository-without-decoder': ({ name }) =>
    /* @wc-include */ `${name} holds no decoder as ONNX. Look for one with "ONNX" in its name, such as those of onnx-community.`,
  'repository-lacks': ({ name, hint }) =>
    /* @wc-include */ `${name} has no ${hint}, without which it can't be used. Look for another export of the model.`,
  'accept-terms': ({ address }) => `Accept its terms at ${address} and give a token of yours.`,
  'token-does-not-open': ({ address }) =>
    `The token does not open it: accept its terms at ${address}, or use another token.`,
  'is-gated': ({ name, hint }) => /* @wc-include */ `${name} is gated or private, or does not exist. ${hint}`,
  'has-no-repository': ({ address, name }) =>
    /* @wc-include */ `${address} has no ${name}, or not this revision.`,
  'not-like-a-hub': ({ address }) => /* @wc-include */ `${address} does not answer like a Hub.`,
  'model-here-already': ({ model }) =>
    `There is a model ${model} here already. Upload this one under another name, or remove that one first.`,
  'too-large-for-disk': ({ needed, room }) =>
    `It takes ${needed} on the hub's disk while it is imported; ${room} are free. Free some, or choose a smaller variant.`,
  'hub-disk-full': () =>
    "The hub's disk is full. Free some space, or move the hub's data to a larger disk (--data).",
  'hash-differs': ({ name }) =>
    /* @wc-include */ `${name} is not what the Hub says it is (its hash differs). Try again; what came was deleted.`,
  'upload-lacks': ({ hint }) => `The files lack ${hint}, without which no model can be used.`,
  'upload-without-decoder': () => 'There is no decoder as ONNX among them, such as onnx/model_q4.onnx.',
  'is-there-twice': ({ name }) => /* @wc-include */ `${name} is there twice.`,
  'first-and-last': () => 'Give first and last layer for every stage, or for none.',
  'layer-twice': ({ first }) => `Layer ${first} is in two stages, or the stages are out of order.`,
  'ends-before-start': ({ last }) => `The stage ends (${last}) before it starts.`,
  'no-such-layer': ({ last, first }) => `The model has layers 0 to ${last}; there is no ${first}.`,
  'faster-elsewhere': ({ reason }) => /* @wc-include */ `it is faster elsewhere: ${reason}`,
  'token-takes-instead': ({ spent, milliseconds }) =>
    /* @wc-include */ `a token would take ${spent} ms instead of ${milliseconds} ms`,
  'others-take-stages': () => /* @wc-include */ 'other workers take some of its stages',
  'stages-move': () => /* @wc-include */ 'some of its stages move to other workers',
  'caches-shrink': () => /* @wc-include */ 'its caches shrink, so that another model has room',
  'room-for-other': () => /* @wc-include */ 'another model needs its room',
  'room-elsewhere': () => /* @wc-include */ 'the answers under way have room elsewhere',
  'was-undeployed-now': () => /* @wc-include */ 'it was undeployed',
  'was-added-again': () => /* @wc-include */ 'its model was added again',
  'does-not-answer': () => /* @wc-include */ 'it does not answer',
  'gave-stage-up': () => /* @wc-include */ 'it gave its stage up',
  'was-replaced-now': () => /* @wc-include */ 'it was replaced',
  'too-small-for-caches': ({ room, needed }) =>
    /* @wc-include */ `it has ${room} of memory for caches, and one token takes ${needed}`,
  'token-was-revoked': () => /* @wc-include */ 'its join token was revoked',
  'hub-token-was-replaced': () => /* @wc-include */ 'the hub’s join token was replaced',
  'connected-anew': () => /* @wc-include */ 'replaced by a new connection of the same worker',
  'operator-refused': () => /* @wc-include */ 'the operator refused this device',
  'operator-removed': () => /* @wc-include */ 'the operator removed this device',
  'operator-blocked': () => /* @wc-include */ 'the operator blocked this device',
  'may-not-join': ({ reason }) => /* @wc-include */ `this node may not join: ${reason}`,
  'closed-here': () => /* @wc-include */ 'closed by this worker',
  'hub-not-connected': () => /* @wc-include */ 'the hub is not connected',
  'hub-is-back': () => /* @wc-include */ 'the hub is back',
  'channel-closed': () => /* @wc-include */ 'the data channel was closed',
  'channel-failed': () => /* @wc-include */ 'the data channel failed',
  'peer-closed': () => /* @wc-include */ 'the peer closed the connection',
  'connection-was-closed': () => /* @wc-include */ 'the connection was closed',
  'browser-storage-full': () => /* @wc-include */ 'this browser gives the page no more storage',
  'worker-disk-full': () => /* @wc-include */ 'the disk with the worker’s data is full',
  'gpu-memory-full': ({ reason }) => /* @wc-include */ `the GPU has no more memory (${reason})`,
  'gpu-was-lost': ({ reason }) => /* @wc-include */ `the GPU device was lost (${reason})`,
  'less-memory-advice': () => 'Give it less memory, then start again.',
  'try-gpu-advice': () => 'The processor goes on in its place. Pause and resume to try the GPU again.',
  'reload-advice': () => 'Reload the page; if it stays so, update the browser or try another one.',
  'keys-tokens-used': ({ name, tokens, limit }) =>
    `The key '${name}' has used ${tokens} of its ${limit} tokens a day.`,
  'messages-unreadable': ({ reason }) => `The model's chat template refuses this conversation: ${reason}`,
  'no-longer-served': () => 'The model is not served any more.',
  'left-unread': () =>
    'Too much of this answer was left unread, so the hub ended its stream. Read an answer as it comes. Where it belongs to a conversation, the conversation has all of it.',
  'too-much-to-search': () =>
    'There is too much text to search at once, so the hub stopped. Of requests, search fewer: give a time, a model or a status; of conversations, delete those that are not needed.',
  'no-password-yet': () =>
    'There is no admin password yet: it is chosen on the hub’s own machine, in the settings.',
  'cant-run-models': ({ reason }) => `This browser can't run models: ${reason}`,
  'gpu-not-used': ({ reason }) => `The GPU is not used: ${reason}.`,
  'was-started-again': ({ reason }) => `It had to be started again: ${reason}.`,
  'often-advice': () => 'If that happens often, give it less memory.',
  'broke-again': ({ reason }) => `The runtime broke again and again: ${reason}`,
  'stage-needs': ({ range, model, needed, room, most }) =>
    /* @wc-include */ `${range} of ${model} need ${needed} for weights and ${room} for the smallest cache; the budget is ${most}`,
  'sign-header': ({ name }) => /* @wc-include */ `the header ${name}`,
  'sign-host': ({ name }) => /* @wc-include */ `the Host "${name}", which is not this machine's`,
  'sign-http': () => /* @wc-include */ 'HTTP/1.0, as nginx speaks it',
  'sign-close': () => /* @wc-include */ '"Connection: close", as nginx sends it',
  'sign-upgrade': () => /* @wc-include */ '"Connection: upgrade" without a web socket, as nginx sends it',
  'sign-phone': ({ name }) => /* @wc-include */ `a browser on ${name}`,
  'sign-browsers': ({ count }) =>
    /* @wc-include */ `${count} different browsers within an hour, some on one connection`,
  'sign-systems': ({ count }) => /* @wc-include */ `${count} browsers of different systems within an hour`,
  'one-thread': () => /* @wc-include */ 'processor, 1 thread',
  'several-threads': ({ count }) => /* @wc-include */ `processor, ${count} threads`,
  'asked-to-leave': () => /* @wc-include */ 'the operator asked it to leave',
  'log-joined': () => /* @wc-include */ 'joined the hub',
  'log-joined-waits': () =>
    /* @wc-include */ 'joined the hub; whoever runs the hub must approve this device first',
  'log-lost-hub': () => /* @wc-include */ 'lost the hub; trying to reach it again',
  'log-no-hub': () => /* @wc-include */ 'cannot reach the hub; trying again',
  'log-stage': ({ next, count, state }) => /* @wc-include */ `stage ${next} of ${count} ${state}`,
  'log-stage-released': () => /* @wc-include */ 'stage released',
  'state-compiling': () => /* @wc-include */ 'compiling',
  'state-warming': () => /* @wc-include */ 'warming',
  'state-ready': () => /* @wc-include */ 'ready',
  'state-failed': () => /* @wc-include */ 'failed',
};
