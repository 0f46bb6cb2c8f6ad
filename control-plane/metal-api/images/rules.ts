// Ids of images are "<operating system>-<version>": asking for "debian-12" means its newest patch.
import { compare, SemVer } from "semver";
import { parseVersion, type Version } from "./rules-version.ts";

export interface ImageId {
  readonly os: string;
  readonly version: Version;
}

/** Splits at the last dash: "firewall-ubuntu-3.0" is version 3.0.0 of firewall-ubuntu. Undefined when it is no id. */
export function parseImageId(id: string): ImageId | undefined {
  const dash = id.lastIndexOf("-");
  const version = parseVersion(id.slice(dash + 1));
  return dash > 0 && version ? { os: id.slice(0, dash), version } : undefined;
}

/** What resolution looks at: an image as stored. */
export interface StoredImage {
  readonly os: string;
  /** Normalised, "20.4.20211011". */
  readonly version_text: string;
}

/** The patch part is by convention the date of the build; without one, every patch of that major.minor is meant. */
function matchesRequest(image: StoredImage, { os, version }: ImageId): boolean {
  if (image.os !== os) return false;
  const stored = new SemVer(image.version_text);
  const wanted = version.semver;
  return wanted.patch > 0
    ? compare(stored, wanted) === 0
    : stored.major === wanted.major && stored.minor === wanted.minor;
}

/** All images that a (partial) id means, newest first. Expired and deprecated ones too. */
export function matchingImages<Image extends StoredImage>(images: readonly Image[], id: string): Image[] {
  const wanted = parseImageId(id);
  if (!wanted) return [];
  return images
    .filter((image) => matchesRequest(image, wanted))
    .sort((a, b) => compare(new SemVer(b.version_text), new SemVer(a.version_text)));
}

/** The image that a (partial) id means: the newest; undefined when there is none. */
export function resolveImage<Image extends StoredImage>(images: readonly Image[], id: string): Image | undefined {
  return matchingImages(images, id)[0];
}

const FEATURES = ["machine", "firewall"];
const CLASSIFICATIONS = ["preview", "supported", "deprecated"];

/** What is wrong with the settings of an image; undefined when nothing is. */
export function imageProblem(image: { features?: readonly string[]; classification?: string }): string | undefined {
  const wrong = image.features?.find((feature) => !FEATURES.includes(feature));
  if (wrong !== undefined) return `unknown ImageFeatureType:${wrong}`;
  const { classification } = image;
  if (classification !== undefined && !CLASSIFICATIONS.includes(classification)) {
    return `given versionclassification is not valid:${classification}`;
  }
  return undefined;
}
