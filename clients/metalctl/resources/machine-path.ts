/** Where a machine is, or what is below it: "why", "power/on". */
export const machinePath = (id: string, ...below: string[]) =>
  ["/v1/machine", encodeURIComponent(id), ...below].join("/");
