/** A page around the tab worker and nothing else. Options come in the query: hub, token, handOver. */
import { createTabWorker, type TabWorker } from '@potluck/browser-worker';

declare global {
  var tab: TabWorker;
}

const query = new URLSearchParams(location.search);
const hubUrl = query.get('hub');
const token = query.get('token');
globalThis.tab = createTabWorker({
  ...(hubUrl !== null && { hubUrl }),
  ...(token !== null && { token }),
  handOverChannels: query.get('handOver') !== 'no',
});
globalThis.tab.subscribe((snapshot) => {
  const output = document.querySelector('#snapshot');
  if (output) output.textContent = JSON.stringify(snapshot, undefined, 2);
});
