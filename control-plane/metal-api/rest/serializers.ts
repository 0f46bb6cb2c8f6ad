import compilers from "@fastify/fast-json-stringify-compiler";

/**
 * Each kind of answer gets its serializer when it is given for the first time: making all of them takes most of the time
 * that metal-api needs to start, and a metal-api that was killed shall be back soon.
 */
export const buildSerializer: compilers.SerializerFactory = (...definitions) => {
  const compile = compilers()(...definitions);
  return (route) => {
    let serializer: compilers.Serializer | undefined;
    return (answer) => (serializer ??= compile(route))(answer);
  };
};
