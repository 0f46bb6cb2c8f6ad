// @peculiar/x509 brings a dependency injector that refuses to load without the metadata reflection of decorators,
// which nothing here uses. Nothing recorded is the right answer. Import this before @peculiar/x509.
const reflect = Reflect as { getMetadata?: () => undefined; getOwnMetadata?: () => undefined };
reflect.getMetadata ??= () => undefined;
reflect.getOwnMetadata ??= () => undefined;
