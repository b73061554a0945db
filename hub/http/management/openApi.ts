/** A Hono application that validates by schemas and describes itself by them. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { z } from 'zod';
import { ApiError } from '../apiError.ts';
import { parameterName } from '../inference/readBody.ts';

/** Routes whose input is refused with one message that names the parameter. */
export function openApiRoutes(): OpenAPIHono {
  return new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.error);
    },
  });
}

function invalid(error: z.core.$ZodError): ApiError {
  const [issue] = error.issues;
  const param = parameterName(issue?.path ?? []);
  // Of a name that can't be one in a record, what a name must be says more than that it is none.
  const message = (issue?.code === 'invalid_key' ? issue.issues[0] : issue)?.message ?? 'is wrong';
  return new ApiError(400, param === '' ? message : `'${param}': ${message}`, {
    code: 'invalid_value',
    cause: error,
    ...(param === '' ? {} : { param }),
  });
}
