/** The part of node-turn that tests use; the package has no types of its own. */
declare module 'node-turn' {
  export default class Turn {
    constructor(options: {
      /** UDP. */
      listeningPort: number;
      listeningIps?: string[];
      relayIps?: string[];
      authMech: 'long-term' | 'none';
      /** Passwords by user name. */
      credentials: Record<string, string>;
    });
    /** Listens soon after. */
    start(): void;
    stop(): void;
  }
}
