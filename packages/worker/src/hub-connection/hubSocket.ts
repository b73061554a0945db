/** The port behind which a host opens the web socket to the hub. */

/** What the socket tells; after `onClosed` nothing more comes. */
export interface HubSocketEvents {
  onOpen(): void;
  onText(text: string): void;
  /** The bytes are in a buffer of their own. */
  onBinary(bytes: Uint8Array<ArrayBuffer>): void;
  onClosed(reason: string): void;
}

export interface HubSocket {
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export type OpenHubSocket = (url: string, events: HubSocketEvents) => HubSocket;

/** Any implementation of the browser's WebSocket. */
export type WebSocketClass = new (url: string) => WebSocket;

/** Opens sockets by a class that is like the browser's. */
export function webSocketOpener(WebSocketLike: WebSocketClass): OpenHubSocket {
  return (url, events) => {
    const socket = new WebSocketLike(url);
    socket.binaryType = 'arraybuffer';
    let failure = '';
    socket.onopen = () => events.onOpen();
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') events.onText(data);
      else events.onBinary(new Uint8Array(data));
    };
    socket.onerror = (event) => {
      failure = (event as { message?: string }).message ?? 'the connection failed';
    };
    socket.onclose = ({ reason }) => {
      events.onClosed(reason || failure || 'the connection to the hub closed');
    };
    return { send: (data) => socket.send(data), close: () => socket.close() };
  };
}
