const reflect = Reflect as { getMetadata?: () => undefined; getOwnMetadata?: () => undefined };
reflect.getMetadata ??= () => undefined;
reflect.getOwnMetadata ??= () => undefined;
