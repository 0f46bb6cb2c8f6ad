// Which versions of an operating system a size can run (reference/api-resources.md 8.3). Pure.
import { parseImageId } from "../images/rules.ts";
import { parseExpression } from "../images/rules-version.ts";

type Images = Readonly<Record<string, string>>;

/** What is wrong with constraints; undefined when nothing is. */
export function imageConstraintProblem(images: Images): string | undefined {
  for (const [os, expression] of Object.entries(images)) {
    if (os === "*") return "just '*' is not allowed as image os constraint";
    if (!parseExpression(expression))
      return `given imageconstraint:${expression} for ${os} is not valid, write * or a version, if need be after an operator and a blank`;
  }
  return undefined;
}

/** Why a size with these constraints cannot run an image; undefined when it can. */
export function imageProblemOfSize(size: string, images: Images, imageId: string): string | undefined {
  const image = parseImageId(imageId);
  if (!image || !Object.hasOwn(images, image.os)) return undefined;
  const { semver } = image.version;
  // The patch is the date of the build; an image without one has no place in a range of builds.
  if (semver.patch === 0) return "no patch version given";
  const expression = images[image.os]!;
  if (parseExpression(expression)?.(semver)) return undefined;
  return `given size:${size} with image:${imageId} does violate image constraint:${image.os} ${expression}`;
}
