// The refusals of the API. Status and wording follow reference/api-resources.md 2.5: the text of a store's error starts
// with its category, and whatever has no better category is 422. Clients (`metalctl apply`) act on the status.

/** A refusal that the caller may read. Everything else that is thrown becomes a 500 without details. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** 404. @param entity lower-case type name of the original: machine, partition, size, image, ip, filesystemlayout, … */
export function notFound(entity: string, id: string): ApiError {
  return new ApiError(404, `NotFound no ${entity} with id "${id}" found`);
}

/** 409 for an id that is taken: what makes `apply` update instead. */
export function alreadyExists(entity: string, id: string): ApiError {
  return new ApiError(409, `Conflict cannot create ${entity} in database, entity already exists: ${id}`);
}

/** 409 for a lost race: somebody else changed the entity, or took what was asked for. */
export function conflict(message: string): ApiError {
  return new ApiError(409, `Conflict ${message}`);
}

/** 409 when `If-Match` or a version that was read is no longer the stored one. */
export function changedMeanwhile(entity: string, id: string): ApiError {
  return conflict(`cannot update ${entity} (${id}): the entity was changed from another, please retry`);
}

/** 400: the request itself is wrong. */
export function badRequest(message: string): ApiError {
  return new ApiError(400, message);
}

/** 403. */
export function forbidden(message: string): ApiError {
  return new ApiError(403, message);
}

/** 422: well-formed, but the state of the world or a rule forbids it. */
export function unprocessable(message: string): ApiError {
  return new ApiError(422, message);
}

/** 500, in the original's words: what was asked for needs a server that nobody configured. */
export function disabled(): ApiError {
  return new ApiError(500, "this feature is currently disabled");
}

/** 500 that the caller should understand: a pool is exhausted, a feature is switched off. */
export function internal(message: string): ApiError {
  return new ApiError(500, `Internal ${message}`);
}
