/** Status and message of an answer, for refusals. */
export async function refusal(answer: Promise<{ status: number; body: unknown }>): Promise<unknown[]> {
  const { status, body } = await answer;
  return [status, (body as { message: string }).message];
}
