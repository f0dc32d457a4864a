//! What administrators do with the device.

use signstar_hsm::yubihsm2::{
    command::{Algorithm, BY_LABEL, BY_TYPE, Command, Refusal, label},
    object::{Capabilities, Description, Domains, Info, ObjectType},
    wrapped::WrapKey,
};
use zeroize::Zeroizing;

use crate::{
    Kind, Object, Objects,
    objects::{GENERATED, WRAPPED},
};

/// As many objects as a device holds.
const MOST_OBJECTS: usize = 256;
/// The tags of filters, besides those by type and label: number, domains, capabilities, algorithm.
const BY_ID: u8 = 1;
const BY_DOMAINS: u8 = 3;
const BY_CAPABILITIES: u8 = 4;
const BY_ALGORITHM: u8 = 5;

type Answered = Result<Vec<u8>, Refusal>;

impl Objects {
    /// What `operator` asks for, if it is no signature. Nothing if it is none of this.
    pub(crate) fn administer(
        &mut self,
        operator: &Object,
        command: Command,
        body: &[u8],
    ) -> Option<Answered> {
        let may = |what| match operator.may(what) {
            true => Ok(()),
            false => Err(Refusal::INSUFFICIENT_PERMISSIONS),
        };
        Some(match command {
            Command::ListObjects => self.list(operator, body),
            Command::GetObjectInfo => self
                .meant(operator, body)
                .map(|object| object.info().encode()),
            Command::ResetDevice => may(Capabilities::RESET_DEVICE).map(|()| {
                *self = Self::new(self.serial);
                Vec::new()
            }),
            Command::PutAuthenticationKey => may(Capabilities::PUT_AUTHENTICATION_KEY)
                .and_then(|()| self.put(operator, ObjectType::AUTHENTICATION_KEY, body)),
            Command::PutWrapKey => may(Capabilities::PUT_WRAP_KEY)
                .and_then(|()| self.put(operator, ObjectType::WRAP_KEY, body)),
            Command::GenerateAsymmetricKey => may(Capabilities::GENERATE_ASYMMETRIC_KEY)
                .and_then(|()| self.generate_for(operator, body)),
            Command::DeleteObject => self.delete(operator, body),
            Command::ExportWrapped => {
                may(Capabilities::EXPORT_WRAPPED).and_then(|()| self.export(operator, body))
            }
            Command::ImportWrapped => {
                may(Capabilities::IMPORT_WRAPPED).and_then(|()| self.import(operator, body))
            }
            Command::GetOption => may(Capabilities::GET_OPTION).and_then(|()| match body {
                [which] => self.option(*which),
                _ => Err(Refusal::INVALID_DATA),
            }),
            Command::SetOption => may(Capabilities::SET_OPTION).and_then(|()| match body {
                [which, _, _, value @ ..] => self.set_option(*which, value).map(|()| Vec::new()),
                _ => Err(Refusal::INVALID_DATA),
            }),
            Command::GetLogEntries => {
                may(Capabilities::GET_LOG_ENTRIES).map(|()| self.told_log().encode())
            }
            Command::SetLogIndex => may(Capabilities::GET_LOG_ENTRIES).and_then(|()| {
                let number = body.try_into().map_err(|_| Refusal::INVALID_DATA)?;
                self.forget_up_to(u16::from_be_bytes(number))?;
                Ok(Vec::new())
            }),
            _ => return None,
        })
    }

    /// The object that a body is about, number and type, if the operator sees it.
    fn meant(&self, operator: &Object, body: &[u8]) -> Result<&Object, Refusal> {
        let [high, low, of_type] = *body else {
            return Err(Refusal::INVALID_DATA);
        };
        self.seen(
            operator,
            ObjectType(of_type),
            u16::from_be_bytes([high, low]),
        )
    }

    fn seen(&self, operator: &Object, of_type: ObjectType, id: u16) -> Result<&Object, Refusal> {
        let object = self.get(of_type, id);
        object
            .filter(|object| object.domains & operator.domains != 0)
            .ok_or(Refusal::OBJECT_NOT_FOUND)
    }

    /// Adds an object, if the operator may make such a one and its number is free. Number 0 is any.
    fn add(&mut self, operator: &Object, mut object: Object) -> Result<u16, Refusal> {
        let delegated = Capabilities(operator.delegated);
        let may = Domains(object.domains).are_among(Domains(operator.domains))
            && object.domains != 0
            && delegated.contain(Capabilities(object.capabilities))
            && delegated.contain(Capabilities(object.delegated));
        if !may {
            return Err(Refusal::INSUFFICIENT_PERMISSIONS);
        }
        let of_type = ObjectType(object.of_type);
        if object.id == 0 {
            let free = (1..u16::MAX).rev();
            object.id = free
                .into_iter()
                .find(|id| self.get(of_type, *id).is_none())
                .ok_or(Refusal::STORAGE_FAILED)?;
        }
        if self.get(of_type, object.id).is_some() {
            return Err(Refusal::OBJECT_EXISTS);
        }
        if self.objects.len() >= MOST_OBJECTS {
            return Err(Refusal::STORAGE_FAILED);
        }
        let id = object.id;
        self.objects.push(object);
        Ok(id)
    }

    fn put(&mut self, operator: &Object, of_type: ObjectType, body: &[u8]) -> Answered {
        let (description, rest) = Description::decode(body).map_err(|_| Refusal::INVALID_DATA)?;
        let (delegated, key) = rest.split_first_chunk().ok_or(Refusal::INVALID_DATA)?;
        let delegated = Capabilities(u64::from_be_bytes(*delegated));
        let wanted = match of_type {
            ObjectType::WRAP_KEY => Algorithm::AES256_CCM,
            _ => Algorithm::AES128_AUTHENTICATION,
        };
        if key.len() != 32 || description.algorithm != wanted {
            return Err(Refusal::INVALID_DATA);
        }
        let object = Object::new(of_type, &description, delegated, key);
        let added = self.add(operator, object.ok_or(Refusal::INVALID_DATA)?)?;
        Ok(added.to_be_bytes().to_vec())
    }

    fn generate_for(&mut self, operator: &Object, body: &[u8]) -> Answered {
        let (description, []) = Description::decode(body).map_err(|_| Refusal::INVALID_DATA)?
        else {
            return Err(Refusal::INVALID_DATA);
        };
        let kind = Kind::of_algorithm(description.algorithm).ok_or(Refusal::INVALID_DATA)?;
        let pkcs8 = kind.generate().map_err(|_| Refusal::STORAGE_FAILED)?;
        let none = Capabilities::NONE;
        let made = Object::new(ObjectType::ASYMMETRIC_KEY, &description, none, &pkcs8);
        let mut made = made.ok_or(Refusal::INVALID_DATA)?;
        made.origin = GENERATED;
        Ok(self.add(operator, made)?.to_be_bytes().to_vec())
    }

    fn delete(&mut self, operator: &Object, body: &[u8]) -> Answered {
        let object = self.meant(operator, body)?;
        let (id, of_type) = (object.id, object.of_type);
        if !operator.may(Capabilities::to_delete(ObjectType(of_type))) {
            return Err(Refusal::INSUFFICIENT_PERMISSIONS);
        }
        self.objects
            .retain(|one| (one.id, one.of_type) != (id, of_type));
        Ok(Vec::new())
    }

    /// The wrap key whose number is at the beginning of `body`, if it may be used for this.
    fn wrap_key<'b>(
        &self,
        operator: &Object,
        body: &'b [u8],
        what: Capabilities,
    ) -> Result<(&Object, WrapKey, &'b [u8]), Refusal> {
        let (id, rest) = body.split_first_chunk().ok_or(Refusal::INVALID_DATA)?;
        let found = self.seen(operator, ObjectType::WRAP_KEY, u16::from_be_bytes(*id))?;
        if !found.may(what) {
            return Err(Refusal::INSUFFICIENT_PERMISSIONS);
        }
        let octets = found.secret().try_into();
        let octets = octets.map_err(|_| Refusal::INVALID_DATA)?;
        Ok((found, WrapKey::new(Zeroizing::new(octets)), rest))
    }

    fn export(&self, operator: &Object, body: &[u8]) -> Answered {
        let (found, key, rest) = self.wrap_key(operator, body, Capabilities::EXPORT_WRAPPED)?;
        let [of_type, high, low] = *rest else {
            return Err(Refusal::INVALID_DATA);
        };
        let id = u16::from_be_bytes([high, low]);
        let object = self.seen(operator, ObjectType(of_type), id)?;
        let may_leave = object.may(Capabilities::EXPORTABLE_UNDER_WRAP)
            && Capabilities(found.delegated).contain(Capabilities(object.capabilities));
        if !may_leave {
            return Err(Refusal::INSUFFICIENT_PERMISSIONS);
        }
        let info = object.info().encode();
        // What an asymmetric key may hand on is nothing, and is not said.
        let told = match object.of_type == ObjectType::ASYMMETRIC_KEY.0 {
            true => info.get(..Info::HEAD),
            false => info.get(..),
        };
        let plain = [told.unwrap_or_default(), &object.secret()].concat();
        let plain = Zeroizing::new(plain);
        let mut nonce = [0; 13];
        getrandom::fill(&mut nonce).map_err(|_| Refusal::STORAGE_FAILED)?;
        key.seal(nonce, &plain).ok_or(Refusal::INVALID_DATA)
    }

    fn import(&mut self, operator: &Object, body: &[u8]) -> Answered {
        let bad = Refusal::INVALID_DATA;
        let (found, key, wrapped) = self.wrap_key(operator, body, Capabilities::IMPORT_WRAPPED)?;
        let plain = key.open(wrapped).map_err(|_| bad)?;
        let (head, mut rest) = plain.split_at_checked(Info::HEAD).ok_or(bad)?;
        let info = Info::decode_head(head).map_err(|_| bad)?;
        let mut delegated = Capabilities::NONE;
        if info.of_type != ObjectType::ASYMMETRIC_KEY {
            let (octets, secret) = rest.split_first_chunk().ok_or(bad)?;
            delegated = Capabilities(u64::from_be_bytes(*octets));
            rest = secret;
        }
        if !Capabilities(found.delegated).contain(info.description.capabilities) {
            return Err(Refusal::INSUFFICIENT_PERMISSIONS);
        }
        let object = Object::new(info.of_type, &info.description, delegated, rest);
        let mut object = object.ok_or(bad)?;
        object.origin = info.origin | WRAPPED;
        let id = self.add(operator, object)?;
        let [high, low] = id.to_be_bytes();
        Ok(vec![info.of_type.0, high, low])
    }

    /// Which objects pass the filters: number, type and how often the object was replaced.
    fn list(&self, operator: &Object, mut filters: &[u8]) -> Answered {
        let bad = Refusal::INVALID_DATA;
        let mut found: Vec<&Object> = (self.objects.iter())
            .filter(|object| object.domains & operator.domains != 0)
            .collect();
        while let Some((&tag, rest)) = filters.split_first() {
            filters = match tag {
                BY_ID => {
                    let (octets, rest) = rest.split_first_chunk().ok_or(bad)?;
                    let id = u16::from_be_bytes(*octets);
                    found.retain(|object| object.id == id);
                    rest
                }
                BY_TYPE => {
                    let (&of_type, rest) = rest.split_first().ok_or(bad)?;
                    found.retain(|object| object.of_type == of_type);
                    rest
                }
                BY_DOMAINS => {
                    let (octets, rest) = rest.split_first_chunk().ok_or(bad)?;
                    let domains = u16::from_be_bytes(*octets);
                    found.retain(|object| object.domains & domains != 0);
                    rest
                }
                BY_CAPABILITIES => {
                    let (octets, rest) = rest.split_first_chunk().ok_or(bad)?;
                    let capabilities = u64::from_be_bytes(*octets);
                    found.retain(|object| object.capabilities & capabilities != 0);
                    rest
                }
                BY_ALGORITHM => {
                    let (&algorithm, rest) = rest.split_first().ok_or(bad)?;
                    found.retain(|object| object.algorithm == algorithm);
                    rest
                }
                BY_LABEL => {
                    let (wanted, rest) = rest.split_first_chunk().ok_or(bad)?;
                    found.retain(|object| label(&object.label).as_ref() == Some(wanted));
                    rest
                }
                _ => return Err(bad),
            };
        }
        Ok(found
            .into_iter()
            .flat_map(|object| {
                let [high, low] = object.id.to_be_bytes();
                [high, low, object.of_type, object.sequence]
            })
            .collect())
    }
}
