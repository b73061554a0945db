/** Answers a request; `environment` is what @hono/node-server passes on. */
export type Fetch = (request: Request, environment: object) => Response | Promise<Response>;
