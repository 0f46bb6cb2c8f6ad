import type { IpmiResponse, LanRequest } from "../message.ts";

/** A client that missed an answer asks again with the same sequence number; it never has more than a few open. */
const REMEMBERED = 4;

/** Makes a retransmitted request get the first one's answer instead of a second power cycle (§6.12.12). */
export class RecentAnswers {
  readonly #answers = new Map<string, Promise<IpmiResponse>>();

  answer(request: LanRequest, run: () => Promise<IpmiResponse>): Promise<IpmiResponse> {
    const key = `${request.sequence}/${request.netFn}/${request.command}/${request.data.toString("hex")}`;
    const known = this.#answers.get(key);
    if (known) return known;
    const answer = run();
    this.#answers.set(key, answer);
    if (this.#answers.size > REMEMBERED) this.#answers.delete(this.#answers.keys().next().value!);
    return answer;
  }
}
