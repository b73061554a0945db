/** Tries a TURN server as a device would: asks it for a relay address. */

/** What came of it. `reason` is what the browser says, in its own words. */
export type TurnResult = { works: true; address: string } | { works: false; reason: string };

/** A server that does not answer is given up after this, in milliseconds. */
const patienceMs = 8000;

/** @param server one TURN server with its account */
export async function testTurn(server: {
  url: string;
  username: string;
  credential: string;
}): Promise<TurnResult> {
  const { url: urls, username, credential } = server;
  const connection = new RTCPeerConnection({
    iceServers: [{ urls, username, credential }],
    iceTransportPolicy: 'relay',
  });
  try {
    return await gatherRelay(connection);
  } finally {
    connection.close();
  }
}

function gatherRelay(connection: RTCPeerConnection): Promise<TurnResult> {
  return new Promise((resolve) => {
    let reason = '';
    const giveUp = (): void => resolve({ works: false, reason });
    const timer = setTimeout(giveUp, patienceMs);
    connection.addEventListener('icecandidateerror', ({ errorCode, errorText }) => {
      reason = errorText === '' ? String(errorCode) : errorText;
    });
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate?.type === 'relay') {
        clearTimeout(timer);
        resolve({ works: true, address: `${candidate.address ?? ''}:${candidate.port ?? ''}` });
      } else if (candidate === null) {
        clearTimeout(timer);
        giveUp();
      }
    });
    connection.createDataChannel('test');
    void connection.setLocalDescription().catch((error: unknown) => {
      reason = String(error);
      giveUp();
    });
  });
}
