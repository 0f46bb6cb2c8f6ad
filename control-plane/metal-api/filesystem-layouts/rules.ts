// Which filesystem layout an allocation gets, and which machines it can be applied to (reference/api-resources.md 8.5).
import type { FilesystemLayout, Hardware, LayoutConstraints } from "../database/documents.ts";
import { type ImageId, parseImageId } from "../images/rules.ts";
import { isAny, parseExpression, parseVersion } from "../images/rules-version.ts";

const MIB = 1024 * 1024;

/** True when the constraints name the size and an expression for the image's operating system that its version meets. */
function matchesLayout(constraints: LayoutConstraints, size: string, image: ImageId): boolean {
  const expression = Object.hasOwn(constraints.images, image.os) ? constraints.images[image.os] : undefined;
  if (expression === undefined || !constraints.sizes.includes(size)) return false;
  return parseExpression(expression)?.(image.version.semver) ?? false;
}

/** The layout for a size and an image id; undefined when none matches, or the id is none. */
export function matchLayout<Layout extends { readonly constraints: LayoutConstraints }>(
  layouts: readonly Layout[],
  size: string,
  imageId: string,
): Layout | undefined {
  const image = parseImageId(imageId);
  return image && layouts.find((layout) => matchesLayout(layout.constraints, size, image));
}

/** Why a layout cannot be applied to this hardware; undefined when it can. */
export function hardwareProblem(
  layout: Pick<FilesystemLayout, "disks">,
  hardware: Pick<Hardware, "disks">,
): string | undefined {
  const sizes = new Map(hardware.disks.map(({ name, size }) => [devicePath(name), size]));
  for (const { device, partitions = [] } of layout.disks) {
    const size = sizes.get(devicePath(device));
    if (size === undefined) return `device:${device} does not exist on given hardware`;
    const required = partitions.reduce((sum, partition) => sum + partition.size, 0);
    const existing = Math.floor(size / MIB);
    if (required > existing) {
      return `device:${device} is not big enough required:${required}MiB, existing:${existing}MiB`;
    }
  }
  return undefined;
}

function devicePath(name: string): string {
  return name.startsWith("/dev/") ? name : `/dev/${name}`;
}

/** True when a machine with this layout can be installed anew without losing what is on other disks. */
export function isReinstallable(layout: Pick<FilesystemLayout, "disks">): boolean {
  return layout.disks.some(({ wipeonreinstall }) => wipeonreinstall);
}

/** Layouts without any constraint are for development: never chosen, only asked for by name. */
function isDevelopment({ sizes, images }: LayoutConstraints): boolean {
  return sizes.length === 0 && Object.keys(images).length === 0;
}

/**
 * Size and image combinations for which more than one of the layouts would do; undefined when the choice is always clear.
 * Of two layouts with the same id the later counts (an update is checked together with what it replaces).
 */
export function ambiguity(layouts: readonly Pick<FilesystemLayout, "id" | "constraints">[]): string | undefined {
  const expressions = new Map<string, string[]>();
  for (const { constraints } of new Map(layouts.map((layout) => [layout.id, layout])).values()) {
    if (isDevelopment(constraints)) continue;
    for (const size of constraints.sizes) {
      for (const [os, expression] of Object.entries(constraints.images)) {
        const key = `${size}->[${os}`;
        const others = expressions.get(key) ?? [];
        const colliding = others.find((other) => collide(expression, other));
        if (colliding !== undefined) {
          return `these combinations already exist:${key} ${colliding}]`;
        }
        expressions.set(key, [...others, expression]);
      }
    }
  }
  return undefined;
}

function collide(one: string, other: string): boolean {
  if (isAny(one) || isAny(other) || one === other) return true;
  const [a, b] = [one, other].map((expression) => parseVersion(expression.split(" ").at(-1)!)?.semver);
  if (!a || !b) return false;
  return (parseExpression(one)?.(b) ?? false) && (parseExpression(other)?.(a) ?? false);
}
