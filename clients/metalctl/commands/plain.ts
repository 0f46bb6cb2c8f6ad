// Nouns with nothing but the generic commands.
import type { Command } from "commander";
import { image, project, tenant } from "../resources/catalogue.ts";
import { addResource } from "./crud.ts";

export const addImageCommands = (program: Command) => addResource(program, image);
export const addProjectCommands = (program: Command) => addResource(program, project);
export const addTenantCommands = (program: Command) => addResource(program, tenant);
