/** What is answered while the hub starts, before there is anything else to answer with. */

export const answerStarting = answerWith('The hub is starting: it is reading its model.', 'model_loading');

/** While its database's server does not answer. */
export const answerWaitingForDatabase = answerWith(
  'The hub is starting: it waits for its database.',
  'database_unreachable',
);

/** Programs get an error that says to try again; a browser gets a page that does so by itself. */
function answerWith(message: string, code: string): (request: Request) => Response {
  return (request) => startingAnswer(request, message, code);
}

function startingAnswer(request: Request, message: string, code: string): Response {
  if (request.headers.get('accept')?.includes('text/html')) {
    return new Response(page(message), {
      status: 503,
      headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    });
  }
  return Response.json(
    {
      status: 'waiting',
      ready: false,
      missing: message,
      error: { message, type: 'server_error', param: null, code },
    },
    { status: 503, headers: { 'retry-after': '5' } },
  );
}

const page = (message: string): string => `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <meta name="color-scheme" content="light dark" />
  <meta http-equiv="refresh" content="1" />
  <title>Potluck is starting</title>
  <body style="font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
    <h1>The table is being laid</h1>
    <p>${message} This page goes on by itself.</p>
  </body>
</html>
`;
