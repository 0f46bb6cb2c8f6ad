// What tools tell about parts of a disk that the system does not show.

/** Sectors that are shown and sectors there are, as `hdparm -N` tells; undefined when the disk does not know the question. */
export function readHpa(text: string): { readonly visible: number; readonly native: number } | undefined {
  const [, visible, native] = /max sectors\s*=\s*(\d+)\/(\d+)/.exec(text) ?? [];
  return visible && native ? { visible: Number(visible), native: Number(native) } : undefined;
}

/** Sectors of the medium as `hdparm --dco-identify` tells; 0 when the disk does not know the question. */
export function readDcoSectors(text: string): number {
  return Number(/Real max sectors:\s*(\d+)/.exec(text)?.[1] ?? 0);
}

/** Namespace numbers in the JSON of `nvme list-ns`; empty when the controller does not know the question. */
export function readNamespaces(json: string): number[] {
  if (json.trim() === "") return [];
  const list = (JSON.parse(json) as { nsid_list?: readonly { nsid: number }[] }).nsid_list ?? [];
  return list.map(({ nsid }) => nsid);
}
