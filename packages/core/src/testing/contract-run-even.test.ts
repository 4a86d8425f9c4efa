import { keepsTheContract } from "./contract-seeds.fixture.ts";

keepsTheContract(0);
