// @peculiar/x509 brings a dependency injector that refuses to load without decorator metadata; it uses none here.
import "./reflection.ts";

export * from "@peculiar/x509";
