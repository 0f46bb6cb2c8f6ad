// @peculiar/x509 brings a dependency injector that refuses to load without decorator metadata; it uses none here.
const reflect = Reflect as { getMetadata?: () => undefined; getOwnMetadata?: () => undefined };
reflect.getMetadata ??= () => undefined;
reflect.getOwnMetadata ??= () => undefined;
