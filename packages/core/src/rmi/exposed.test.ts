import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { Exposed, type ExposeOptions } from "./exposed.ts";

class Machine {
  name = "m1";
  settings = { precision: 4, limits: { high: 90 } };
  list = [1, 2];
  map = new Map([["a", 1]]);
  date = new Date(0);
  bytes = Buffer.from("abc");
  _secret = "s";
  callback = Object.assign(() => "called", { extra: 1 });
  hidden?: unknown;
  #value = 1;
  get value(): number {
    return this.#value;
  }
  add(a: number, b: number): number {
    return a + b;
  }
  _internal(): void {}
  static create(): Machine {
    return new Machine();
  }
}
class BetterMachine extends Machine {
  multiply(a: number, b: number): number {
    return a * b;
  }
  override add(a: number, b: number): number {
    return super.add(a, b) + 1;
  }
}

const reach = (target: object, path: string, options: ExposeOptions = {}): unknown =>
  new Exposed(target, options).find(path.split("."))?.value;
const refuses = (target: object, path: string, options: ExposeOptions = {}): void =>
  expect(new Exposed(target, options).find(path.split(".")), path).toBeUndefined();

describe("an exposed object lets others reach", () => {
  it("its own properties, at any depth", () => {
    const machine = new Machine();
    expect(reach(machine, "name")).toBe("m1");
    expect(reach(machine, "settings.limits.high")).toBe(90);
    expect([reach(machine, "list.1"), reach(machine, "list.length")]).toEqual([2, 2]);
    expect(reach(machine, "date")).toEqual(new Date(0));
  });

  it("its own functions, and the methods of its class and of the classes above", () => {
    const machine = new BetterMachine();
    for (const name of ["callback", "add", "multiply"]) expect(reach(machine, name), name).toBeTypeOf("function");
    expect(reach(machine, "add")).toBe(BetterMachine.prototype.add);
  });

  it("methods of objects below it, called on those", () => {
    const inner = new Machine();
    expect(new Exposed({ inner }, {}).find(["inner", "add"])).toEqual({ owner: inner, value: Machine.prototype.add });
  });

  it("methods of a class written as a function, and of a class above a built-in one", () => {
    function Old(this: { n: number }): void {
      this.n = 1;
    }
    Old.prototype.go = () => "gone";
    class Store extends Map<string, number> {
      lookUp(): number {
        return 1;
      }
    }
    expect(reach(Reflect.construct(Old as never, []), "go")).toBe(Old.prototype.go);
    expect(reach(new Store(), "lookUp")).toBe(Store.prototype.lookUp);
    refuses(new Store(), "clear");
  });
});

describe("an exposed object keeps to itself", () => {
  it.each(["constructor", "__proto__", "toString", "valueOf", "hasOwnProperty", "isPrototypeOf", "toLocaleString"])(
    "%s",
    (name) => {
      refuses(new Machine(), name);
      refuses({ own: 1 }, name);
      refuses({ below: { own: 1 } }, `below.${name}`);
    },
  );

  it("__proto__ and constructor also where they are own properties", () => {
    const target = JSON.parse('{ "__proto__": { "a": 1 }, "constructor": 1 }');
    refuses(target, "__proto__");
    refuses(target, "constructor");
  });

  it("getters, its own and those of its class, which could do anything", () => {
    const target = new Machine();
    Object.defineProperty(target, "hidden", { get: () => expect.unreachable(), enumerable: true });
    refuses(target, "hidden");
    refuses(target, "value");
  });

  it("names that begin with _ or #", () => {
    for (const name of ["_secret", "_internal", "#value"]) refuses(new Machine(), name);
  });

  it.each([
    ["list", ["push", "splice", "constructor", "at"]],
    ["map", ["get", "set", "clear", "size"]],
    ["date", ["setTime", "getTime", "toISOString"]],
    ["bytes", ["fill", "write", "toString", "slice", "set", "buffer"]],
    ["settings", ["toString", "constructor"]],
    ["name", ["length", "0", "at"]],
  ])("what a value such as %s can do by itself", (name, members) => {
    for (const member of members) refuses(new Machine(), `${name}.${member}`);
  });

  it("what the platform's own classes bring along", () => {
    class Robot extends EventEmitter {
      move(): void {}
    }
    class Page extends URL {
      open(): void {}
    }
    expect(reach(new Robot(), "move")).toBeTypeOf("function");
    expect(reach(new Page("http://localhost"), "open")).toBeTypeOf("function");
    for (const name of ["emit", "on", "removeAllListeners"]) refuses(new Robot(), name);
    for (const name of ["toString", "href"]) refuses(new Page("http://localhost"), name);
  });

  it("the properties of functions", () => {
    for (const path of ["add.call", "add.name", "callback.extra", "callback.bind", "constructor.create"])
      refuses(new Machine(), path);
  });

  it("what is not there, also below null and undefined", () => {
    const target = { nothing: null, missing: undefined };
    for (const path of ["other", "nothing.x", "missing.x", "other.x"]) refuses(target, path);
  });

  it("itself as a whole, whatever it allows", () => {
    expect(new Exposed(new Machine(), {}).find([])).toBeUndefined();
    expect(new Exposed(new Machine(), { methods: ["add"] }).find([])).toBeUndefined();
  });

  it("everything but what `methods` lists", () => {
    const options = { methods: ["add", "settings"] };
    expect(reach(new Machine(), "add", options)).toBeTypeOf("function");
    expect(reach(new Machine(), "settings.precision", options)).toBe(4);
    for (const name of ["name", "callback", "list"]) refuses(new Machine(), name, options);
    refuses(new Machine(), "_internal", { methods: ["_internal"] });
  });
});
